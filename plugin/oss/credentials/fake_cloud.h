#ifndef PENSTOCK_PLUGIN_OSS_CREDENTIALS_FAKE_CLOUD_H_
#define PENSTOCK_PLUGIN_OSS_CREDENTIALS_FAKE_CLOUD_H_

// For the tests of credentials: a stand-in of the ECS metadata service and the STS on one address,
// which checks what it is sent, and a clock that tests set.

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <atomic>
#include <future>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/http/fake_http_server.h"
#include "base/mutex.h"

namespace penstock::oss {

inline const absl::Time kCloudNow = absl::FromUnixSeconds(1702743657);

class SettableClock final : public Clock {
 public:
  absl::Time Now() const override { return kCloudNow + absl::Seconds(seconds_.load()); }
  void Advance(absl::Duration duration) { seconds_ += absl::ToInt64Seconds(duration); }

 private:
  std::atomic<int64_t> seconds_ = 0;
};

class FakeCloud {
 public:
  using Fields = std::map<std::string, std::string>;

  // How it behaves; set before the requests that it concerns.
  struct Behaviour {
    int token_status = 200;        // of the request for a metadata token
    bool needs_token = false;      // hardened mode only: 403 without one
    std::string role = "uploads";  // attached to the instance; empty: none
    std::string metadata_reply;    // empty: credentials that `life` is left of
    int metadata_status = 200;
    std::string sts_reply;  // likewise
    int sts_status = 200;
    absl::Duration life = absl::Hours(1);
    std::string sts_secret = "source-secret";  // of the key that signs AssumeRole
  };

  explicit FakeCloud(const SettableClock& clock)
      : clock_(clock), server_([this](FakeExchange& exchange) { Serve(exchange); }) {}

  std::string url() const { return server_.url(); }

  void Behave(const Behaviour& behaviour) {
    MutexLock lock(&mutex_);
    behaviour_ = behaviour;
  }

  // "PUT /latest/api/token", "POST AssumeRole": what was asked, in order.
  std::vector<std::string> requests() const {
    MutexLock lock(&mutex_);
    return requests_;
  }
  // Sets of credentials that were given away.
  int issued() const {
    MutexLock lock(&mutex_);
    return issued_;
  }
  // Waits until there are so many; false when they do not come.
  bool AwaitIssued(int count) {
    MutexLock lock(&mutex_);
    const auto there = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return issued_ >= count; };
    return mutex_.AwaitWithTimeout(there, absl::Seconds(20));
  }
  // What was wrong with the requests; a test expects it to be empty.
  std::vector<std::string> complaints() const {
    MutexLock lock(&mutex_);
    return complaints_;
  }
  // Query and form of the last request to the STS.
  Fields sts_fields() const {
    MutexLock lock(&mutex_);
    return sts_fields_;
  }

  // Percent-encoding and signature of the STS, written once more from its specification.
  static std::string Encode(const std::string& text) {
    std::string out;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if (absl::ascii_isalnum(byte) || c == '-' || c == '_' || c == '.' || c == '~') {
        out.push_back(c);
      } else {
        absl::StrAppendFormat(&out, "%%%02X", byte);
      }
    }
    return out;
  }
  static std::string SignatureOf(const Fields& fields, const std::string& secret) {
    std::string canonical;
    for (const auto& [name, value] : fields) {
      if (name == "Signature") continue;
      absl::StrAppend(&canonical, canonical.empty() ? "" : "&", Encode(name), "=", Encode(value));
    }
    const std::string text = "POST&%2F&" + Encode(canonical);
    const std::string key = secret + "&";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
    return absl::Base64Escape(std::string(reinterpret_cast<char*>(digest), size));
  }

 private:
  void Complain(const std::string& what) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    complaints_.push_back(what);
  }

  static std::string Decode(const std::string& text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '%' && i + 2 < text.size()) {
        out += absl::HexStringToBytes(text.substr(i + 1, 2));
        i += 2;
      } else {
        out.push_back(text[i]);
      }
    }
    return out;
  }
  static void AddFields(const std::string& encoded, Fields& fields) {
    for (const auto piece : absl::StrSplit(encoded, '&', absl::SkipEmpty())) {
      const std::pair<std::string, std::string> pair =
          absl::StrSplit(piece, absl::MaxSplits('=', 1));
      fields[Decode(pair.first)] = Decode(pair.second);
    }
  }

  void Serve(FakeExchange& exchange) {
    const std::string body = exchange.ReadBody();
    std::string answer;
    int status = 0;
    {
      MutexLock lock(&mutex_);
      status = exchange.method() == "POST" ? ServeSts(exchange, body, answer)
                                           : ServeMetadata(exchange, answer);
    }
    exchange.Reply(status, {}, answer);
  }

  int ServeMetadata(const FakeExchange& exchange, std::string& answer)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::string roles = "/latest/meta-data/ram/security-credentials/";
    requests_.push_back(absl::StrCat(exchange.method(), " ", exchange.target()));
    if (exchange.method() == "PUT") {
      if (exchange.target() != "/latest/api/token") Complain("PUT " + exchange.target());
      if (exchange.Header("x-aliyun-ecs-metadata-token-ttl-seconds") != "21600") {
        Complain("no time to live of the token");
      }
      answer = "metadata-token";
      return behaviour_.token_status;
    }
    const std::string token = exchange.Header("x-aliyun-ecs-metadata-token");
    if (behaviour_.token_status == 200 && token != "metadata-token") Complain("no token");
    if (behaviour_.needs_token && token != "metadata-token") return 403;
    if (behaviour_.role.empty()) return 404;
    if (exchange.target() == roles) {
      answer = behaviour_.role + "\n";
      return 200;
    }
    if (exchange.target() != roles + behaviour_.role) return 404;
    answer = Given(behaviour_.metadata_reply, R"({"Code": "Success", )", "}");
    return behaviour_.metadata_status;
  }

  int ServeSts(const FakeExchange& exchange, const std::string& body, std::string& answer)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::pair<std::string, std::string> target =
        absl::StrSplit(exchange.target(), absl::MaxSplits('?', 1));
    sts_fields_.clear();
    AddFields(target.second, sts_fields_);
    AddFields(body, sts_fields_);
    requests_.push_back("POST " + sts_fields_["Action"]);
    if (target.first != "/") Complain("path " + target.first);
    if (exchange.Header("content-type") != "application/x-www-form-urlencoded") {
      Complain("content type " + exchange.Header("content-type"));
    }
    const std::string time =
        absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", clock_.Now(), absl::UTCTimeZone());
    if (sts_fields_["Version"] != "2015-04-01" || sts_fields_["Format"] != "JSON" ||
        sts_fields_["Timestamp"] != time) {
      Complain("version, format or timestamp");
    }
    if (sts_fields_["Action"] == "AssumeRole") {
      if (sts_fields_["SignatureMethod"] != "HMAC-SHA1" ||
          sts_fields_["SignatureVersion"] != "1.0" || sts_fields_["SignatureNonce"].size() < 16) {
        Complain("kind of signature");
      }
      if (sts_fields_["Signature"] != SignatureOf(sts_fields_, behaviour_.sts_secret)) {
        answer = R"({"Code": "SignatureDoesNotMatch", "Message": "string to sign is ...",)"
                 R"( "RequestId": "R9"})";
        return 400;
      }
    } else if (sts_fields_["Action"] != "AssumeRoleWithOIDC" || sts_fields_.contains("Signature")) {
      Complain("action " + sts_fields_["Action"]);
    }
    answer = Given(behaviour_.sts_reply, R"({"RequestId": "R8", "Credentials": {)", "}}");
    return behaviour_.sts_status;
  }

  std::string Given(const std::string& reply, const std::string& before, const std::string& after)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!reply.empty()) return reply;
    ++issued_;
    return absl::StrCat(
        before, R"("AccessKeyId": "STS.)", issued_, R"(", "AccessKeySecret": "s)", issued_,
        R"(", "SecurityToken": "t)", issued_, R"(", "Expiration": ")",
        absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", clock_.Now() + behaviour_.life, absl::UTCTimeZone()),
        "\"", after);
  }

  const SettableClock& clock_;
  mutable Mutex mutex_;  // guards what follows
  Behaviour behaviour_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> requests_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> complaints_ ABSL_GUARDED_BY(mutex_);
  Fields sts_fields_ ABSL_GUARDED_BY(mutex_);
  int issued_ ABSL_GUARDED_BY(mutex_) = 0;

  FakeHttpServer server_;  // last: its handlers use the rest
};

}  // namespace penstock::oss

#endif  // PENSTOCK_PLUGIN_OSS_CREDENTIALS_FAKE_CLOUD_H_

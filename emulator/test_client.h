#ifndef PENSTOCK_EMULATOR_TEST_CLIENT_H_
#define PENSTOCK_EMULATOR_TEST_CLIENT_H_

// A small HTTP client of tests: signs with V4 and sends what it is told, right or wrong.

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "emulator/errors.h"

namespace penstock::emulator {

struct TestRequest {
  std::string method = "GET";
  std::string bucket = "bucket";
  std::string key = {};
  std::vector<std::pair<std::string, std::string>> query = {};
  std::map<std::string, std::string> headers = {};  // lower-case names
  std::string body = {};
  // How the test departs from the ordinary.
  std::string host = {};  // empty: the address; otherwise the key is the path
  std::string secret = "secret";
  std::string region = "cn-hangzhou";
  absl::Duration clock_offset = {};  // of the time of signing
  bool chunked = false;
  bool send_length = true;
  std::optional<size_t> send_only = {};  // so many bytes of the body, then the end
};

struct TestReply {
  int status = 0;                                   // 0: the connection ended without a reply
  std::map<std::string, std::string> headers = {};  // lower-case names
  std::string body = {};
  std::string Header(const std::string& name) const;
  // The text of the first element of this name; empty without.
  std::string Element(const std::string& name) const;
};

class TestClient {
 public:
  // `address` as the server prints it.
  explicit TestClient(const std::string& address);

  // One request on a connection of its own.
  TestReply Send(const TestRequest& request) const;
  // The same without a signature: for the control endpoint.
  TestReply SendRaw(const std::string& head_and_body, bool head_method = false) const;
  // A connected socket; the caller closes it.
  int Connect() const;
  // The request as it goes over the wire.
  std::string Format(const TestRequest& request) const;

  // The control endpoint; the JSON of the reply, which must be 200.
  nlohmann::json Control(const std::string& method, const std::string& path,
                         const nlohmann::json& body = nullptr) const;

 private:
  std::string host_;  // 127.0.0.1:PORT
};

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_TEST_CLIENT_H_

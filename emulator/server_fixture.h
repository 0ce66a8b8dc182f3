#ifndef PENSTOCK_EMULATOR_SERVER_FIXTURE_H_
#define PENSTOCK_EMULATOR_SERVER_FIXTURE_H_

// An emulator in this process and a client of it, for tests.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "emulator/encoding.h"
#include "emulator/server.h"
#include "emulator/service.h"
#include "emulator/test_client.h"

namespace penstock::emulator {

class ServerFixture : public ::testing::Test {
 protected:
  ServerFixture() { Start({}); }
  ~ServerFixture() override {
    server_.reset();
    service_.reset();
    std::filesystem::remove_all(data_);
  }

  // Starts (again) with what the directory holds.
  void Start(ReplyOptions reply, BucketOptions bucket = {}, ConnectionTimeouts timeouts = {}) {
    server_.reset();
    service_.reset();
    ServiceOptions options;
    options.credential = {"id", "secret", std::nullopt, "cn-hangzhou"};
    options.routing.region = "cn-hangzhou";
    reply.region = "cn-hangzhou";
    options.reply = std::move(reply);
    options.data = data_;
    options.buckets = {"bucket", "other"};
    options.settings["bucket"] = bucket;
    service_ = std::make_unique<Service>(options);
    server_ = std::move(*Server::Start("127.0.0.1:0", *service_, timeouts));
    client_ = std::make_unique<TestClient>(server_->address());
  }

  TestReply Send(const TestRequest& request) const { return client_->Send(request); }

  std::string Initiate(const std::string& key = "key") const {
    return Send({.method = "POST", .key = key, .query = {{"uploads", ""}}}).Element("UploadId");
  }
  TestRequest PartRequest(const std::string& id, int number, const std::string& body) const {
    return {.method = "PUT",
            .key = "key",
            .query = {{"partNumber", std::to_string(number)}, {"uploadId", id}},
            .body = body};
  }
  TestReply UploadPart(const std::string& id, int number, const std::string& body) const {
    return Send(PartRequest(id, number, body));
  }
  // Completes with parts 1, 2, ... of these ETags.
  TestRequest CompleteRequest(const std::string& id, const std::vector<std::string>& etags) const {
    std::string xml = "<CompleteMultipartUpload>";
    for (size_t i = 0; i < etags.size(); ++i) {
      xml += "<Part><PartNumber>" + std::to_string(i + 1) + "</PartNumber><ETag>" + etags[i] +
             "</ETag></Part>";
    }
    return {.method = "POST",
            .key = "key",
            .query = {{"uploadId", id}},
            .body = xml + "</CompleteMultipartUpload>"};
  }
  TestReply Complete(const std::string& id, const std::vector<std::string>& etags) const {
    return Send(CompleteRequest(id, etags));
  }
  TestReply Put(const std::string& key, const std::string& body) const {
    return Send({.method = "PUT", .key = key, .body = body});
  }
  TestReply Get(const std::string& key) const { return Send({.key = key}); }
  TestReply Head(const std::string& key) const { return Send({.method = "HEAD", .key = key}); }

  const std::filesystem::path data_ =
      std::filesystem::temp_directory_path() / ("emulator_server_" + RandomUpperHex(8));
  std::unique_ptr<Service> service_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<TestClient> client_;
};

}  // namespace penstock::emulator

#endif  // PENSTOCK_EMULATOR_SERVER_FIXTURE_H_

// `penstock gc` and `penstock doctor` as a whole, against a scripted server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "client/cli/command.h"
#include "penstock/v1/maintenance.grpc.pb.h"

namespace penstock::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

grpc::Status ToGrpc(const absl::Status& status) {
  return {static_cast<grpc::StatusCode>(status.code()), std::string(status.message()),
          EncodeStatusDetails(status)};
}

// Answers what it was told to, and keeps what was asked.
class ScriptedMaintenance final : public v1::MaintenanceService::Service {
 public:
  grpc::Status CollectGarbage(grpc::ServerContext*, const v1::CollectGarbageRequest* request,
                              grpc::ServerWriter<v1::CollectGarbageResponse>* writer) override {
    garbage_request = *request;
    for (const auto& response : garbage) writer->Write(response);
    return ToGrpc(end);
  }
  grpc::Status DiagnoseRemote(grpc::ServerContext*, const v1::DiagnoseRemoteRequest* request,
                              grpc::ServerWriter<v1::DiagnoseRemoteResponse>* writer) override {
    doctor_request = *request;
    for (const auto& response : checks) writer->Write(response);
    return ToGrpc(end);
  }

  std::vector<v1::CollectGarbageResponse> garbage;
  std::vector<v1::DiagnoseRemoteResponse> checks;
  absl::Status end;
  v1::CollectGarbageRequest garbage_request;
  v1::DiagnoseRemoteRequest doctor_request;
};

class MaintenanceCommandTest : public testing::Test {
 protected:
  MaintenanceCommandTest() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
  }

  int Run(std::vector<std::string> words) {
    out_.str("");
    err_.str("");
    words.insert(words.end(), {"--server", "127.0.0.1:" + std::to_string(port_)});
    Terminal terminal{out_, err_};
    CommandContext context{terminal, {"penstock"}};
    CLI::App app;
    AddGcCommand(app, context);
    AddDoctorCommand(app, context);
    std::reverse(words.begin(), words.end());
    app.parse(words);
    return context.exit_code;
  }

  void AddOrphan(v1::OrphanedUpload::Disposal disposal, const std::string& failure = "") {
    v1::OrphanedUpload& upload = *service_.garbage.emplace_back().mutable_upload();
    upload.set_bucket("bucket");
    upload.set_key("some/key\n");
    upload.set_upload_id("0004B9");
    upload.mutable_initiate_time()->set_seconds(1'700'000'000);
    upload.set_part_count(3);
    upload.set_stored_size(3 << 20);
    upload.set_disposal(disposal);
    if (failure.empty()) return;
    upload.set_failure_reason("BACKEND_DENIED");
    upload.set_failure_message(failure);
  }
  void AddSummary(int64_t orphaned, int64_t aborted, int64_t failed) {
    v1::GarbageSummary& summary = *service_.garbage.emplace_back().mutable_summary();
    summary.set_orphaned_count(orphaned);
    summary.set_aborted_count(aborted);
    summary.set_failed_count(failed);
  }
  void AddCheck(const std::string& name, v1::DiagnosticCheck::Outcome outcome,
                const std::string& remedy = "") {
    v1::DiagnosticCheck& check = *service_.checks.emplace_back().mutable_check();
    check.set_bucket("bucket");
    check.set_name(name);
    check.set_outcome(outcome);
    check.set_message("what was seen");
    check.set_remedy(remedy);
  }

  std::vector<std::string> Events() const {
    std::vector<std::string> events;
    std::istringstream lines(out_.str());
    for (std::string line; std::getline(lines, line);) {
      events.push_back(nlohmann::json::parse(line)["event"]);
    }
    return events;
  }

  ScriptedMaintenance service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(MaintenanceCommandTest, GcAsksForWhatWasTyped) {
  AddSummary(0, 0, 0);
  EXPECT_EQ(Run({"gc", "hangzhou:bucket", "--older-than", "36h", "--prefix", "team/", "--dry-run"}),
            0);
  const v1::CollectGarbageRequest& request = service_.garbage_request;
  EXPECT_EQ(request.remote(), "hangzhou");
  EXPECT_EQ(request.bucket(), "bucket");
  EXPECT_EQ(request.prefix(), "team/");
  EXPECT_EQ(request.older_than().seconds(), 36 * 3600);
  EXPECT_TRUE(request.dry_run());
  EXPECT_EQ(Run({"gc", "hangzhou:"}), 0);
  EXPECT_EQ(service_.garbage_request.bucket(), "");
  EXPECT_EQ(service_.garbage_request.older_than().seconds(), 7 * 24 * 3600);
  EXPECT_FALSE(service_.garbage_request.dry_run());
}

TEST_F(MaintenanceCommandTest, GcPrintsALineForEachOrphanAndASummary) {
  AddOrphan(v1::OrphanedUpload::DISPOSAL_ABORTED);
  AddSummary(1, 1, 0);
  EXPECT_EQ(Run({"gc", "hangzhou:bucket"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("aborted    2023-11-14T22:13:20Z  3.0 MiB in 3 parts"));
  EXPECT_THAT(out_.str(), HasSubstr("0004B9  hangzhou:bucket/some/key?\n"));
  EXPECT_THAT(out_.str(), HasSubstr("1 orphaned upload of 0 B: 1 discarded"));
  EXPECT_EQ(err_.str(), "");
}

TEST_F(MaintenanceCommandTest, GcFailsWhenAnOrphanCouldNotBeDiscarded) {
  AddOrphan(v1::OrphanedUpload::DISPOSAL_FAILED, "you may not");
  AddOrphan(v1::OrphanedUpload::DISPOSAL_ABORTED);
  AddSummary(2, 1, 1);
  EXPECT_EQ(Run({"gc", "hangzhou:bucket"}), 1);
  EXPECT_THAT(out_.str(), HasSubstr("you may not [BACKEND_DENIED]"));
  EXPECT_THAT(out_.str(), HasSubstr("1 discarded, 1 failed"));
}

TEST_F(MaintenanceCommandTest, GcWritesEventsForPrograms) {
  AddOrphan(v1::OrphanedUpload::DISPOSAL_FAILED, "you may not");
  AddSummary(1, 0, 1);
  EXPECT_EQ(Run({"gc", "hangzhou:bucket", "--json"}), 1);
  EXPECT_THAT(Events(), ElementsAre("upload", "summary"));
  EXPECT_THAT(out_.str(), HasSubstr(R"("failure":{"message":"you may not")"));
}

TEST_F(MaintenanceCommandTest, ErrorsOfTheCallHaveTheirExitCodes) {
  service_.end = MakeError(absl::StatusCode::kNotFound, "NO_SUCH_BUCKET", "no such bucket");
  EXPECT_EQ(Run({"gc", "hangzhou:bucket"}), 3);
  EXPECT_THAT(err_.str(), HasSubstr("no such bucket"));
  EXPECT_EQ(Run({"doctor", "hangzhou:bucket", "--json"}), 3);
  EXPECT_THAT(Events(), ElementsAre("error"));
  EXPECT_EQ(Run({"gc", "hangzhou/bucket"}), 2);
  EXPECT_EQ(Run({"gc", "hangzhou:", "--older-than", "soon"}), 2);
  EXPECT_EQ(Run({"doctor", "hangzhou"}), 2);
}

TEST_F(MaintenanceCommandTest, ServerThatGoesAwayIsNotTakenForTheEnd) {
  AddOrphan(v1::OrphanedUpload::DISPOSAL_ABORTED);
  service_.end = absl::UnavailableError("the server went away");
  EXPECT_EQ(Run({"gc", "hangzhou:bucket"}), 5);
  EXPECT_THAT(err_.str(), HasSubstr("CONNECTION_LOST"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("orphaned upload")));
}

TEST_F(MaintenanceCommandTest, DoctorIsContentOnlyWhenNothingFailed) {
  AddCheck("endpoint", v1::DiagnosticCheck::OUTCOME_OK);
  AddCheck("region", v1::DiagnosticCheck::OUTCOME_SKIPPED);
  EXPECT_EQ(Run({"doctor", "hangzhou:bucket"}), 0);
  EXPECT_EQ(service_.doctor_request.remote(), "hangzhou");
  EXPECT_EQ(service_.doctor_request.bucket(), "bucket");
  EXPECT_THAT(out_.str(), HasSubstr("hangzhou:bucket\nok       endpoint         what was seen\n"));
  EXPECT_THAT(out_.str(), HasSubstr("1 ok, 0 failed, 1 skipped"));
  AddCheck("put_object", v1::DiagnosticCheck::OUTCOME_FAILED, "grant it");
  EXPECT_EQ(Run({"doctor", "hangzhou:bucket"}), 1);
  EXPECT_THAT(out_.str(), HasSubstr("failed   put_object"));
  EXPECT_THAT(out_.str(), HasSubstr("-> grant it"));
  EXPECT_EQ(Run({"doctor", "hangzhou:bucket", "--json"}), 1);
  EXPECT_THAT(Events(), ElementsAre("check", "check", "check"));
}

TEST_F(MaintenanceCommandTest, DoctorThatCheckedNothingIsNotContent) {
  EXPECT_EQ(Run({"doctor", "hangzhou:bucket"}), 1);
}

}  // namespace
}  // namespace penstock::cli

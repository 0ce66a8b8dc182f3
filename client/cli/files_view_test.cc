#include "client/cli/files_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "tests/support/temp_dir.h"

namespace penstock::cli {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kMiB = int64_t{1} << 20;

class FakeClock final : public Clock {
 public:
  absl::Time Now() const override { return now; }
  absl::Time now = absl::FromUnixSeconds(1000);
};

UploadOpened Opened(int64_t committed_size) {
  UploadOpened opened;
  opened.server = "server";
  opened.state = v1::Session::STATE_OPEN;
  opened.resumed = committed_size > 0;
  opened.committed_size = committed_size;
  opened.resume_offset = committed_size;
  return opened;
}

UploadProgress Committed(int64_t size) { return {size, size, size}; }

// Two files of 10 MiB each.
class FilesViewTest : public ::testing::Test {
 protected:
  FilesViewTest() {
    setenv("PENSTOCK_TOKEN_SECRET", "the secret of this test", 1);
    options_.destination = "hangzhou:bucket/";
    for (const char* name : {"a", "b"}) {
      options_.files.push_back(directory_.File(name));
      std::ofstream(options_.files.back()).close();
      std::filesystem::resize_file(options_.files.back(), 10 * kMiB);
      puts_.push_back(*FilePut::Prepare(options_, options_.files.back(), UploadOptions()));
    }
  }

  std::unique_ptr<UploadObserver> Begin(FilesView& view, size_t file) {
    return view.Begin(options_.files[file], puts_[file]);
  }

  // What was written since the last call.
  std::string Take() {
    const std::string text = err_.str();
    err_.str("");
    return text;
  }

  const testing_support::TempDir directory_;
  const FilesView::Total total_ = {2, 20 * kMiB};
  PutOptions options_;
  std::vector<FilePut> puts_;
  std::ostringstream out_;
  std::ostringstream err_;
  Terminal terminal_{out_, err_};
  FakeClock clock_;
};

// What an earlier run has committed is part of the whole, but not of the speed of this one.
TEST_F(FilesViewTest, OneLineIsForAllOfThem) {
  terminal_.err_is_terminal = true;
  FilesView view(terminal_, /*quiet=*/false, /*json=*/false, total_, clock_);
  const auto a = Begin(view, 0);
  const auto b = Begin(view, 1);
  a->OnOpened(Opened(0));
  clock_.now += absl::Seconds(1);
  a->OnProgress(Committed(5 * kMiB));
  EXPECT_EQ(Take(), "\r0 of 2 files   25%  5.0/20.0 MiB  5.0 MiB/s  ETA 0:03\x1b[K");
  clock_.now += absl::Seconds(1);
  b->OnOpened(Opened(5 * kMiB));
  EXPECT_EQ(Take(), "\r\x1b[K" + options_.files[1] +
                        ": resumed at 5.0 MiB (5242880 bytes) on server\n"
                        "\r0 of 2 files   50%  10.0/20.0 MiB  2.5 MiB/s  ETA 0:04\x1b[K");
}

TEST_F(FilesViewTest, AFileThatIsThereIsNoProgress) {
  terminal_.err_is_terminal = true;
  FilesView view(terminal_, /*quiet=*/false, /*json=*/false, total_, clock_);
  const auto a = Begin(view, 0);
  clock_.now += absl::Seconds(1);
  UploadResult result;
  result.replayed = true;
  result.size = 10 * kMiB;
  a->OnFinished(result);
  EXPECT_EQ(Take(), "\r0 of 2 files   50%  10.0/20.0 MiB  0 B/s  ETA -\x1b[K");
  view.Succeeded(puts_[0], result);
  EXPECT_EQ(Take(), "\r\x1b[K");
  EXPECT_THAT(out_.str(), HasSubstr("hangzhou:bucket/a  10.0 MiB (10485760 bytes)"));
  EXPECT_THAT(out_.str(), HasSubstr("was finished earlier; nothing was sent now\n"));
}

TEST_F(FilesViewTest, AnInterruptionIsNoFailure) {
  FilesView view(terminal_, /*quiet=*/false, /*json=*/true, total_, clock_);
  const auto a = Begin(view, 0);
  out_.str("");
  view.Failed(options_.files[0], MakeError(absl::StatusCode::kCancelled, "CANCELLED", "stopped"));
  const nlohmann::json error = nlohmann::json::parse(out_.str());
  EXPECT_EQ(error["event"], "error");
  EXPECT_EQ(error["file"], options_.files[0]);
  EXPECT_EQ(error["exit_code"], 130);
  EXPECT_EQ(Take(), "");
  out_.str("");
  view.TellSum(/*resumable=*/true);
  EXPECT_EQ(nlohmann::json::parse(out_.str()), nlohmann::json({{"event", "summary"},
                                                               {"done_count", 0},
                                                               {"failed_count", 0},
                                                               {"not_done_count", 2},
                                                               {"resumable", true}}));
  EXPECT_EQ(Take(), "0 of 2 files put\nTo resume, run the same command again.\n");
}

}  // namespace
}  // namespace penstock::cli

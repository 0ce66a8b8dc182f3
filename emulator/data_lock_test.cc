#include "emulator/data_lock.h"

#include <gmock/gmock.h>

#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>

#include "emulator/encoding.h"

namespace penstock::emulator {
namespace {

namespace fs = std::filesystem;

class DataLockTest : public ::testing::Test {
 protected:
  ~DataLockTest() override { fs::remove_all(directory_); }

  std::unique_ptr<DataLock> Lock(absl::Duration patience = absl::ZeroDuration()) const {
    return std::make_unique<DataLock>(directory_, patience);
  }

  // How many descriptors of this process are of the lock's file.
  int CountOpen() const {
    int count = 0;
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
      std::error_code closed_meanwhile;
      count += fs::read_symlink(entry.path(), closed_meanwhile) == directory_ / ".lock" ? 1 : 0;
    }
    return count;
  }

  const fs::path directory_ =
      fs::canonical(fs::temp_directory_path()) / ("emulator_lock_" + RandomUpperHex(8));
};

TEST_F(DataLockTest, SecondIsRefusedWithTheNameOfTheDirectory) {
  const auto first = Lock();
  try {
    Lock();
    FAIL() << "two have it";
  } catch (const std::exception& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr(directory_.string() + " is in use"));
  }
  EXPECT_EQ(CountOpen(), 1) << "of the first";
}

TEST_F(DataLockTest, EndsWithItsHolder) {
  Lock();
  EXPECT_NO_THROW(Lock());
}

TEST_F(DataLockTest, WaitsForAHolderThatEnds) {
  auto first = Lock();
  auto second = std::async(std::launch::async, [&] { return Lock(absl::InfiniteDuration()); });
  while (CountOpen() < 2 && second.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
  }
  first.reset();
  EXPECT_NO_THROW(second.get());
}

TEST_F(DataLockTest, DirectoryThatCannotBeMadeIsRefused) {
  EXPECT_THROW(DataLock("/proc/self/none", absl::ZeroDuration()), std::exception);
}

}  // namespace
}  // namespace penstock::emulator

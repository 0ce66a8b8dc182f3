#include "plugin/upload_rate.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"

namespace penstock {
namespace {

TEST(UploadRateTest, IsNoneByDefaultAndHasUnits) {
  EXPECT_EQ(*UploadRateOf({}), 0);
  EXPECT_EQ(*UploadRateOf({{"upload_rate", "0"}}), 0);
  EXPECT_EQ(*UploadRateOf({{"upload_rate", "50MiB"}}), 50 << 20);
}

TEST(UploadRateTest, SaysWhatIsWrong) {
  const auto rate = UploadRateOf({{"upload_rate", "50MB"}});
  EXPECT_EQ(ErrorReason(rate.status()), "BAD_REMOTE_OPTION");
  EXPECT_EQ(ErrorMetadataOf(rate.status()).at("option"), "upload_rate");
}

TEST(UploadRateTest, EveryBackendHasIt) {
  Registry registry;
  BackendInfo info;
  info.name = "some";
  info.create = [](const OptionValues& values, const BackendEnvironment&) {
    EXPECT_EQ(values.at("upload_rate"), "1KiB");
    return absl::StatusOr<std::unique_ptr<Backend>>(nullptr);
  };
  registry.Add(info);
  EXPECT_TRUE(registry.Create("some", {{"upload_rate", "1KiB"}}, {}).ok());
}

}  // namespace
}  // namespace penstock

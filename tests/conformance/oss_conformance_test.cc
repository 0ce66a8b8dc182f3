// The oss backend does what every backend must do, against the emulator in a process of its own.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/conformance/oss_harness.h"

namespace penstock {
namespace {

constexpr char kBucket[] = "conformance";

class EmulatorHarness final : public BackendHarness {
 public:
  explicit EmulatorHarness(const std::vector<std::string>& flags = {},
                           const OptionValues& options = {})
      : emulator_(kBucket, flags), oss_(emulator_.Options(options)) {}

  // By host the bucket is in the name conformance.localhost, which needs no server of names.
  static std::unique_ptr<EmulatorHarness> ByHost() {
    return std::unique_ptr<EmulatorHarness>(new EmulatorHarness(ForHost()));
  }

  Backend& backend() override { return oss_.backend(); }
  std::string bucket() const override { return kBucket; }
  int32_t parts_per_page() const override { return oss_.parts_per_page(); }
  bool can_read() const override { return oss_.can_read(); }
  std::string ReadObject(const ObjectName& object) override { return oss_.ReadObject(object); }

 private:
  struct ForHost {};
  explicit EmulatorHarness(ForHost)
      : emulator_(kBucket),
        oss_(emulator_.Options({{"endpoint", absl::StrCat("http://localhost:", emulator_.port())},
                                {"addressing", "virtual"}})) {}

  const Emulator emulator_;
  OssHarness oss_;
};

std::unique_ptr<BackendHarness> Versioned() {
  return std::make_unique<EmulatorHarness>(std::vector<std::string>{"--versioning", kBucket},
                                           OptionValues{{"bucket_versioning", "on"}});
}

std::unique_ptr<BackendHarness> RequesterPays() {
  return std::make_unique<EmulatorHarness>(
      std::vector<std::string>{"--requester-pays", kBucket},
      OptionValues{{"request_payer", "requester"}, {"traffic_limit", "838860800"}});
}

INSTANTIATE_TEST_SUITE_P(
    Backends, BackendConformanceTest,
    testing::Values(BackendUnderTest{"OssByPath",
                                     [] { return std::make_unique<EmulatorHarness>(); }, ""},
                    BackendUnderTest{"OssByHost", [] { return EmulatorHarness::ByHost(); }, ""},
                    BackendUnderTest{"OssVersioned", Versioned, ""},
                    BackendUnderTest{"OssRequesterPays", RequesterPays, ""}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace penstock

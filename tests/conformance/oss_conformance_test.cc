// The oss backend does what every backend must do, against the emulator in a process of its own.

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/conformance/oss_harness.h"

namespace penstock {
namespace {

constexpr char kBucket[] = "conformance";

OptionValues OptionsOf(const Emulator& emulator, const std::string& endpoint,
                       const std::string& addressing) {
  return {{"endpoint", endpoint},
          {"region", "cn-hangzhou"},
          {"addressing", addressing},
          {"access_key_id", emulator.access_key_id()},
          {"access_key_secret_file", emulator.secret_file()}};
}

class EmulatorHarness final : public BackendHarness {
 public:
  explicit EmulatorHarness(bool by_host)
      : oss_(by_host ? OptionsOf(emulator_, absl::StrCat("http://localhost:", emulator_.port()),
                                 "virtual")
                     : OptionsOf(emulator_, emulator_.url(), "path")) {}

  Backend& backend() override { return oss_.backend(); }
  std::string bucket() const override { return kBucket; }
  int32_t parts_per_page() const override { return oss_.parts_per_page(); }
  bool can_read() const override { return oss_.can_read(); }
  std::string ReadObject(const ObjectName& object) override { return oss_.ReadObject(object); }

 private:
  const Emulator emulator_{kBucket};
  OssHarness oss_;
};

// By host the bucket is in the name conformance.localhost, which needs no server of names.
INSTANTIATE_TEST_SUITE_P(
    Backends, BackendConformanceTest,
    testing::Values(
        BackendUnderTest{"OssByPath", [] { return std::make_unique<EmulatorHarness>(false); }, ""},
        BackendUnderTest{"OssByHost", [] { return std::make_unique<EmulatorHarness>(true); }, ""}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace penstock

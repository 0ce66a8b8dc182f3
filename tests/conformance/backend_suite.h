#ifndef PENSTOCK_TESTS_CONFORMANCE_BACKEND_SUITE_H_
#define PENSTOCK_TESTS_CONFORMANCE_BACKEND_SUITE_H_

// What every backend must do (plugin/backend.h). A backend, or a decorator of one, runs it with
//
//   INSTANTIATE_TEST_SUITE_P(Local, BackendConformanceTest,
//   testing::Values(BackendUnderTest{...}));
//
// in a program that links backend_suite.

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "plugin/backend.h"
#include "tests/support/backend_calls.h"
#include "tests/support/pending.h"

namespace penstock {

// A backend and what the suite has to know of it. Made anew for each test, empty.
class BackendHarness {
 public:
  virtual ~BackendHarness() = default;

  virtual Backend& backend() = 0;
  virtual std::string bucket() const { return "conformance"; }        // is there
  virtual std::string missing_bucket() const { return "not-there"; }  // and allowed

  // What every key of this test begins with, where others use the bucket too.
  virtual std::string key_prefix() const { return ""; }

  // How many parts the backend's own lists have at most; 0: any number.
  virtual int32_t parts_per_page() const { return 0; }

  // Takes notice that a test may put to `object`, and after it removes what is there.
  virtual void Remember(const ObjectName& /*object*/) {}
  virtual void CleanUp() {}

  // Whether the bytes of objects can be read back other than through the backend.
  virtual bool can_read() const { return true; }
  virtual std::string ReadObject(const ObjectName& object) = 0;
};

struct BackendUnderTest {
  std::string name;
  std::function<std::unique_ptr<BackendHarness>()> make;
  std::string skip;  // not empty: why it cannot be tested here

  friend void PrintTo(const BackendUnderTest& backend, std::ostream* out) { *out << backend.name; }
};

// Ends a test that needs a call which the backend does not have.
#define PENSTOCK_SKIP_IF_NOT_SUPPORTED(status)               \
  if (ErrorReason(status) == kReasonNotSupported) {          \
    GTEST_SKIP() << "not supported: " << (status).message(); \
  }                                                          \
  static_assert(true, "")

// Keys that a path, a URL, a query or an XML document could take for something else. Not every
// backend takes all of them.
std::vector<std::string> OddKeys();

class BackendConformanceTest : public testing::TestWithParam<BackendUnderTest>,
                               protected testing_support::BackendCalls {
 protected:
  struct Part {
    int32_t number;
    std::string bytes;
  };

  BackendConformanceTest() {
    if (GetParam().skip.empty()) harness_ = GetParam().make();
  }
  void SetUp() override {
    if (harness_ == nullptr) GTEST_SKIP() << GetParam().skip;
  }
  void TearDown() override {
    if (harness_ != nullptr) harness_->CleanUp();
  }

  Backend& backend() override { return harness_->backend(); }
  const Capabilities& capabilities() { return backend().capabilities(); }
  ObjectName Name(const std::string& key);

  // Lists page by page, up to `limit` objects and prefixes each. Adds the keys and the prefixes of
  // all of them to `told`, as Name was given them, and checks that they come in order and once.
  absl::Status ListAll(const std::string& prefix, const std::string& delimiter, int32_t limit,
                       std::vector<std::string>& told);

  // Query of ListAll.
  ListQuery Query(const std::string& prefix, const std::string& delimiter, int32_t limit);

  // What of a page ListAll adds: keys and prefixes in one order.
  std::vector<std::string> Told(const ListedObjects& page);

  // A key that has `size` bytes once it is a Name.
  std::string LongKey(size_t size) const {
    return std::string(size - harness_->key_prefix().size(), 'k');
  }

  // Bytes that begin with `text`, as many as a part must have that is not the last.
  std::string PartBytes(const std::string& text);

  // Uploads parts in the order given; the references are in that order too.
  std::vector<PartReference> UploadAll(const ObjectName& object, const std::string& upload_id,
                                       const std::vector<Part>& parts);

  // Checks that `object` is what is there now: bytes, CRC-64, mark; read through the backend where
  // it can, and by the harness where that can; and that `published`, if it is
  // not null, said so.
  void ExpectObject(const ObjectName& object, const std::string& bytes,
                    const ObjectStat* published = nullptr);

  std::unique_ptr<BackendHarness> harness_;
};

}  // namespace penstock

#endif  // PENSTOCK_TESTS_CONFORMANCE_BACKEND_SUITE_H_

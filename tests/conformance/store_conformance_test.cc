#include <memory>
#include <string>

#include "server/store/sqlite_store.h"
#include "tests/conformance/store_suite.h"
#include "tests/support/memory_store.h"
#include "tests/support/temp_dir.h"

namespace penstock {
namespace {

class SqliteHarness final : public StoreHarness {
 public:
  SqliteHarness() { Open(); }
  SessionStore& store() override { return *store_; }
  void Reopen() override {
    store_.reset();
    Open();
  }

 private:
  void Open() {
    SqliteStoreOptions options;
    options.path = directory_.path() + "/sessions.db";
    store_ = OpenSqliteStore(options).value();
  }

  const testing_support::TempDir directory_;
  std::unique_ptr<SessionStore> store_;
};

class MemoryHarness final : public StoreHarness {
 public:
  SessionStore& store() override { return store_; }
  void Reopen() override {}

 private:
  MemoryStore store_;
};

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreSuite,
                         testing::Values([] { return std::make_unique<SqliteHarness>(); }));
INSTANTIATE_TEST_SUITE_P(Memory, StoreSuite,
                         testing::Values([] { return std::make_unique<MemoryHarness>(); }));

}  // namespace
}  // namespace penstock

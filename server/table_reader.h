#ifndef PENSTOCK_SERVER_TABLE_READER_H_
#define PENSTOCK_SERVER_TABLE_READER_H_

#include <toml++/toml.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace penstock {

// Reads the keys of one table of a configuration, and remembers the first thing that is wrong, so
// that a caller lists its keys in a row and asks once. A key that is not there leaves its target as
// it is.
//
//   TableReader reader(table, "server", "penstockd.toml");
//   reader.Read("insecure", config.insecure);
//   PENSTOCK_RETURN_IF_ERROR(reader.Finish());
class TableReader {
 public:
  // `table` must outlive the reader; `name` (empty: the root) and `source` are for messages.
  TableReader(const toml::table& table, std::string name, std::string source);

  void Read(const char* key, std::string& target);
  void Read(const char* key, bool& target);
  void Read(const char* key, int32_t least, int32_t most, int32_t& target);
  void ReadSize(const char* key, int64_t least, int64_t& target);
  void ReadDuration(const char* key, absl::Duration least, absl::Duration& target);
  void ReadList(const char* key, std::vector<std::string>& target);

  // A table within this one; null when there is none.
  const toml::table* ReadTable(const char* key);

  // Notes that the value of `key` is not what was expected.
  void Fail(const toml::node& node, const std::string& key, const std::string& expected);

  // INVALID_ARGUMENT / BAD_CONFIG with source, line and column for the first thing that was wrong;
  // a key that nobody read is wrong too.
  absl::Status Finish();

 private:
  const toml::node* Find(const char* key);
  std::string FullName(const std::string& key) const;
  void FailAt(const toml::source_region& where, const std::string& problem);

  const toml::table& table_;
  const std::string name_;
  const std::string source_;
  std::set<std::string> known_;
  absl::Status status_;
};

}  // namespace penstock

#endif  // PENSTOCK_SERVER_TABLE_READER_H_

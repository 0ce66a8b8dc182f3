#include "server/table_reader.h"

#include <optional>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/byte_size.h"
#include "base/error.h"

namespace penstock {

TableReader::TableReader(const toml::table& table, std::string name, std::string source)
    : table_(table), name_(std::move(name)), source_(std::move(source)) {}

void TableReader::Read(const char* key, std::string& target) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  if (const auto value = node->value_exact<std::string>()) {
    target = *value;
  } else {
    Fail(*node, key, "a string");
  }
}

void TableReader::Read(const char* key, bool& target) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  if (const auto value = node->value_exact<bool>()) {
    target = *value;
  } else {
    Fail(*node, key, "true or false");
  }
}

void TableReader::Read(const char* key, int32_t least, int32_t most, int32_t& target) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  const auto value = node->value_exact<int64_t>();
  if (value.has_value() && *value >= least && *value <= most) {
    target = static_cast<int32_t>(*value);
  } else {
    Fail(*node, key, absl::StrCat("a number from ", least, " to ", most));
  }
}

void TableReader::ReadSize(const char* key, int64_t least, int64_t& target) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  std::optional<int64_t> value = node->value_exact<int64_t>();
  if (const auto text = node->value_exact<std::string>()) {
    if (const auto parsed = ParseByteSize(*text); parsed.ok()) value = *parsed;
  }
  if (value.has_value() && *value >= least) {
    target = *value;
  } else {
    Fail(*node, key, absl::StrCat("a size such as \"2GiB\", at least ", ExactByteSize(least)));
  }
}

void TableReader::ReadDuration(const char* key, absl::Duration least, absl::Duration& target) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  absl::Duration value;
  const auto text = node->value_exact<std::string>();
  if (text.has_value() && absl::ParseDuration(*text, &value) && value >= least &&
      value < absl::InfiniteDuration()) {
    target = value;
  } else {
    Fail(*node, key,
         absl::StrCat("a duration such as \"30s\" or \"10m\", at least ",
                      absl::FormatDuration(least)));
  }
}

void TableReader::ReadList(const char* key, std::vector<std::string>& target) {
  const toml::node* node = Find(key);
  if (node == nullptr) return;
  const toml::array* array = node->as_array();
  std::vector<std::string> values;
  for (size_t i = 0; array != nullptr && i < array->size(); ++i) {
    if (const auto value = array->get(i)->value_exact<std::string>()) values.push_back(*value);
  }
  if (array != nullptr && values.size() == array->size() && !values.empty()) {
    target = std::move(values);
  } else {
    Fail(*node, key, "a list of strings");
  }
}

const toml::table* TableReader::ReadTable(const char* key) {
  const toml::node* node = Find(key);
  if (node == nullptr) return nullptr;
  if (node->as_table() == nullptr) Fail(*node, key, "a table");
  return node->as_table();
}

void TableReader::Fail(const toml::node& node, const std::string& key,
                       const std::string& expected) {
  std::ostringstream got;
  if (node.is_table()) {
    got << "a table";
  } else {
    got << toml::default_formatter(node, toml::format_flags::none);
  }
  FailAt(node.source(),
         absl::StrCat("`", FullName(key), "`: expected ", expected, ", got ", got.str()));
}

absl::Status TableReader::Finish() {
  for (const auto& [key, node] : table_) {
    const std::string name(key.str());
    if (known_.contains(name)) continue;
    FailAt(key.source(), absl::StrCat("`", FullName(name), "` is unknown here; known are ",
                                      absl::StrJoin(known_, ", ")));
  }
  return status_;
}

const toml::node* TableReader::Find(const char* key) {
  known_.insert(key);
  return table_.get(key);
}

std::string TableReader::FullName(const std::string& key) const {
  return name_.empty() ? key : absl::StrCat(name_, ".", key);
}

void TableReader::FailAt(const toml::source_region& where, const std::string& problem) {
  if (!status_.ok()) return;
  status_ = MakeError(
      absl::StatusCode::kInvalidArgument, "BAD_CONFIG",
      absl::StrCat(source_, ":", where.begin.line, ":", where.begin.column, ": ", problem),
      {{"line", absl::StrCat(where.begin.line)}, {"column", absl::StrCat(where.begin.column)}});
}

}  // namespace penstock

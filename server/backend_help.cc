#include "server/backend_help.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/error.h"

namespace penstock {
namespace {

constexpr size_t kColumns = 100;

// Appends `text` in lines of at most kColumns, each after `indent` spaces.
void AppendWrapped(const std::string& text, size_t indent, std::string& out) {
  size_t column = 0;
  for (const auto word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (column != 0 && column + 1 + word.size() > kColumns) {
      absl::StrAppend(&out, "\n");
      column = 0;
    }
    const std::string before(column == 0 ? indent : 1, ' ');
    absl::StrAppend(&out, before, word);
    column += before.size() + word.size();
  }
  absl::StrAppend(&out, "\n");
}

void AppendOptions(const std::string& title, const std::vector<OptionInfo>& options,
                   std::string& out) {
  if (options.empty()) return;
  absl::StrAppend(&out, "\n", title, "\n");
  for (const OptionInfo& option : options) {
    absl::StrAppend(&out, "  ", option.name);
    if (option.required) absl::StrAppend(&out, " (required)");
    if (!option.default_value.empty())
      absl::StrAppend(&out, " (default ", option.default_value, ")");
    absl::StrAppend(&out, "\n");
    AppendWrapped(option.help, 6, out);
    if (!option.examples.empty()) {
      AppendWrapped(absl::StrCat("For example ", absl::StrJoin(option.examples, ", ")), 6, out);
    }
  }
}

}  // namespace

absl::StatusOr<std::string> DescribeBackends(const Registry& registry, const std::string& name) {
  std::string out;
  if (name.empty()) {
    for (const std::string& known : registry.names()) {
      absl::StrAppend(&out, known, ": ", registry.Find(known)->description, "\n");
    }
    return out;
  }
  const BackendInfo* const info = registry.Find(name);
  if (info == nullptr) {
    return MakeError(absl::StatusCode::kNotFound, "UNKNOWN_BACKEND",
                     absl::StrCat("there is no backend \"", name,
                                  "\"; there are: ", absl::StrJoin(registry.names(), ", ")),
                     {{"backend", name}});
  }
  absl::StrAppend(&out, name, ": ", info->description, "\n");
  AppendOptions("Options of a remote, in its table of the configuration:", info->options, out);
  AppendOptions("Options of an object (penstock put --option, ObjectSpec.backend_options):",
                info->object_options, out);
  return out;
}

}  // namespace penstock

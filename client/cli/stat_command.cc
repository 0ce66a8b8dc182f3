// penstock stat: everything that is known of one object.

#include <memory>

#include "base/status_macros.h"
#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/json_events.h"
#include "client/cli/object_name.h"
#include "client/cli/object_text.h"
#include "client/object_calls.h"

namespace penstock::cli {
namespace {

struct StatOptions {
  CommonOptions common;
  std::string object;
};

absl::StatusOr<v1::StoredObject> Stat(const StatOptions& options) {
  PENSTOCK_ASSIGN_OR_RETURN(const v1::ObjectName name, ParseObjectName(options.object));
  Connection connection(options.common.servers);
  return StatObject(connection, name);
}

}  // namespace

void AddStatCommand(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<StatOptions>();
  CLI::App* const command = app.add_subcommand("stat", "Show all that is known of one object");
  command->add_option("object", options->object, "remote:bucket/key")->required();
  AddCommonOptions(*command, options->common);
  command->callback([options, &context] {
    const absl::StatusOr<v1::StoredObject> object = Stat(*options);
    if (!object.ok()) {
      context.exit_code = ReportError(object.status(), options->common.json, context.terminal);
    } else if (options->common.json) {
      nlohmann::json value = ToJson(*object);
      value["event"] = "object";
      WriteJson(context.terminal.out, value);
    } else {
      context.terminal.out << DescribeObject(*object) << std::flush;
    }
  });
}

}  // namespace penstock::cli

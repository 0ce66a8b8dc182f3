// penstock ls: the buckets of a remote, and the objects of a bucket.

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/status_macros.h"
#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/json_events.h"
#include "client/cli/object_name.h"
#include "client/cli/object_text.h"
#include "client/object_calls.h"

namespace penstock::cli {
namespace {

struct LsOptions {
  CommonOptions common;
  std::string place;
  bool recursive = false;
  bool is_long = false;
  bool full = false;
};

nlohmann::json BucketToJson(const std::string& remote, const v1::Bucket& bucket) {
  nlohmann::json value = {{"event", "bucket"}, {"remote", remote}, {"bucket", bucket.name()}};
  if (bucket.has_create_time()) {
    value["create_time"] = google::protobuf::util::TimeUtil::ToString(bucket.create_time());
  }
  if (!bucket.region().empty()) value["region"] = bucket.region();
  return value;
}

class LsCommand {
 public:
  LsCommand(const LsOptions& options, Terminal& terminal)
      : options_(options), terminal_(terminal), connection_(options.common.servers) {}

  absl::Status Run() {
    PENSTOCK_ASSIGN_OR_RETURN(place_, ParseObjectPrefix(options_.place));
    const absl::Status status = place_.bucket().empty() ? PrintBuckets() : PrintObjects();
    terminal_.out << std::flush;
    return status;
  }

 private:
  absl::Status PrintBuckets() {
    PENSTOCK_ASSIGN_OR_RETURN(const std::vector<v1::Bucket> buckets,
                              ListBuckets(connection_, place_.remote()));
    for (const v1::Bucket& bucket : buckets) {
      if (options_.common.json) {
        WriteJson(terminal_.out, BucketToJson(place_.remote(), bucket));
      } else {
        terminal_.out << (options_.is_long ? BucketRow(bucket) : Printable(bucket.name())) << "\n";
      }
    }
    return absl::OkStatus();
  }

  absl::Status PrintObjects() {
    v1::ListObjectsRequest request;
    request.set_remote(place_.remote());
    request.set_bucket(place_.bucket());
    request.set_prefix(place_.key());
    if (!options_.recursive) request.set_delimiter("/");
    if (options_.full) request.set_view(v1::OBJECT_VIEW_FULL);
    return ListObjects(connection_, request, [this](const v1::ListObjectsResponse& page) {
      PrintPage(page);
      return absl::OkStatus();
    });
  }

  // Objects and prefixes together, by name. All of a page's prefixes stand before the next page.
  void PrintPage(const v1::ListObjectsResponse& page) {
    auto object = page.objects().begin();
    auto prefix = page.prefixes().begin();
    while (object != page.objects().end() || prefix != page.prefixes().end()) {
      const bool object_first =
          prefix == page.prefixes().end() ||
          (object != page.objects().end() && object->object().key() < *prefix);
      if (object_first) {
        PrintObject(*object++);
      } else {
        PrintPrefix(*prefix++);
      }
    }
    terminal_.out << std::flush;
  }

  void PrintObject(const v1::ListedObject& listed) {
    if (options_.common.json) {
      nlohmann::json value = ToJson(listed.object());
      value["event"] = "object";
      value["complete"] = listed.complete();
      WriteJson(terminal_.out, value);
    } else if (options_.is_long || options_.full) {
      terminal_.out << ObjectRow(listed.object()) << "\n";
    } else {
      terminal_.out << Printable(listed.object().key()) << "\n";
    }
  }

  void PrintPrefix(const std::string& prefix) {
    if (options_.common.json) {
      WriteJson(terminal_.out, {{"event", "prefix"},
                                {"remote", place_.remote()},
                                {"bucket", place_.bucket()},
                                {"prefix", prefix}});
    } else {
      terminal_.out << (options_.is_long || options_.full ? PrefixRow(prefix) : Printable(prefix))
                    << "\n";
    }
  }

  const LsOptions& options_;
  Terminal& terminal_;
  Connection connection_;
  v1::ObjectName place_;
};

}  // namespace

void AddLsCommand(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<LsOptions>();
  CLI::App* const command =
      app.add_subcommand("ls", "List the buckets of a remote, or the objects of a bucket");
  command
      ->add_option("place", options->place,
                   "remote: for its buckets, remote:bucket[/prefix] for objects. To look into a "
                   "directory, end its name with /")
      ->required();
  command->add_flag("--recursive,-r", options->recursive,
                    "All objects whose keys begin so, not only as far as the next /");
  command->add_flag(
      "--long,-l", options->is_long,
      "Size, update time, storage class, CRC-64 and time of modification, where known");
  command->add_flag("--full", options->full,
                    "Like --long, with everything known; on OSS that is a request for each object");
  AddCommonOptions(*command, options->common);
  command->callback([options, &context] {
    const absl::Status status = LsCommand(*options, context.terminal).Run();
    if (!status.ok()) {
      context.exit_code = ReportError(status, options->common.json, context.terminal);
    }
  });
}

}  // namespace penstock::cli

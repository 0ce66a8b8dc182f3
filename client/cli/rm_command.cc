// penstock rm: delete objects.

#include <algorithm>
#include <istream>
#include <memory>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/notification.h"
#include "base/status_macros.h"
#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/exit_code.h"
#include "client/cli/interrupt_watch.h"
#include "client/cli/json_events.h"
#include "client/cli/object_name.h"
#include "client/object_calls.h"

namespace penstock::cli {
namespace {

struct RmOptions {
  CommonOptions common;
  std::vector<std::string> objects;
  bool recursive = false;
  bool force = false;
  bool dry_run = false;
};

class RmCommand {
 public:
  RmCommand(const RmOptions& options, Terminal& terminal)
      : options_(options), terminal_(terminal) {}

  int Run() {
    const absl::Status status = Delete();
    // What was refused before anything was asked for needs no sum.
    const bool begun = deleted_ > 0 || failed_ > 0 || status.ok();
    if (begun) Sum();
    if (!status.ok()) {
      return ReportUnfinished(status, /*resume=*/"", options_.common.json, terminal_);
    }
    return exit_code_;
  }

 private:
  absl::Status Delete() {
    std::vector<v1::ObjectName> names;
    for (const std::string& text : options_.objects) {
      PENSTOCK_ASSIGN_OR_RETURN(v1::ObjectName name, options_.recursive ? ParseObjectPrefix(text)
                                                                        : ParseObjectName(text));
      if (name.bucket().empty()) return NoBucket(text);
      names.push_back(std::move(name));
    }
    if (options_.recursive) {
      for (const v1::ObjectName& name : names) PENSTOCK_RETURN_IF_ERROR(Confirm(name));
    }
    // gRPC's threads must inherit that the signals are blocked: first the watch, then the channel.
    watch_.emplace([this] { interrupted_.Notify(); });
    connection_.emplace(options_.common.servers);
    connection_->StopOn(interrupted_);
    if (!options_.recursive) return DeleteNamed(names);
    for (const v1::ObjectName& name : names) PENSTOCK_RETURN_IF_ERROR(DeleteBelow(name));
    return absl::OkStatus();
  }

  static absl::Status NoBucket(const std::string& text) {
    return MakeError(absl::StatusCode::kInvalidArgument, "BAD_DESTINATION",
                     absl::StrCat("expected objects such as remote:bucket/prefix, got \"", text,
                                  "\": it has no bucket"),
                     {{"got", text}});
  }

  absl::Status Confirm(const v1::ObjectName& name) {
    if (options_.force || options_.dry_run) return absl::OkStatus();
    const std::string what =
        name.key().empty()
            ? absl::StrCat("every object of ", name.remote(), ":", name.bucket())
            : absl::StrCat("every object whose name begins with ", DescribeName(name));
    if (terminal_.in != nullptr) {
      terminal_.err << "Delete " << what << "? [y/N] " << std::flush;
      std::string answer;
      std::getline(*terminal_.in, answer);
      answer = absl::AsciiStrToLower(absl::StripAsciiWhitespace(answer));
      if (answer == "y" || answer == "yes") return absl::OkStatus();
    }
    return MakeError(absl::StatusCode::kInvalidArgument, "NOT_CONFIRMED",
                     absl::StrCat("to delete ", what, " was not confirmed; nothing was deleted"));
  }

  // Neighbours of one bucket go together.
  absl::Status DeleteNamed(const std::vector<v1::ObjectName>& names) {
    for (size_t begin = 0; begin < names.size();) {
      const v1::ObjectName& first = names[begin];
      std::vector<std::string> keys;
      for (; begin < names.size() && keys.size() < kMaxDeletedKeys &&
             names[begin].remote() == first.remote() && names[begin].bucket() == first.bucket();
           ++begin) {
        keys.push_back(names[begin].key());
      }
      PENSTOCK_RETURN_IF_ERROR(DeleteKeys(first, keys));
    }
    return absl::OkStatus();
  }

  absl::Status DeleteBelow(const v1::ObjectName& name) {
    v1::ListObjectsRequest request;
    request.set_remote(name.remote());
    request.set_bucket(name.bucket());
    request.set_prefix(name.key());
    request.set_page_size(kMaxDeletedKeys);
    return ListObjects(*connection_, request, [&](const v1::ListObjectsResponse& page) {
      std::vector<std::string> keys;
      for (const v1::ListedObject& listed : page.objects()) keys.push_back(listed.object().key());
      return keys.empty() ? absl::OkStatus() : DeleteKeys(name, keys);
    });
  }

  absl::Status DeleteKeys(const v1::ObjectName& place, const std::vector<std::string>& keys) {
    if (interrupted_.HasBeenNotified()) {
      return MakeError(absl::StatusCode::kCancelled, "CANCELLED", "stopped on request");
    }
    std::vector<v1::DeleteFailure> failures;
    if (!options_.dry_run) {
      PENSTOCK_ASSIGN_OR_RETURN(failures,
                                DeleteObjects(*connection_, place.remote(), place.bucket(), keys));
    }
    for (const std::string& key : keys) {
      const auto failure =
          std::find_if(failures.begin(), failures.end(),
                       [&key](const v1::DeleteFailure& each) { return each.key() == key; });
      if (failure == failures.end()) {
        TellDeleted(place, key);
      } else {
        TellFailed(place, *failure);
      }
    }
    return absl::OkStatus();
  }

  void TellDeleted(const v1::ObjectName& place, const std::string& key) {
    ++deleted_;
    if (options_.common.json) {
      WriteJson(terminal_.out, {{"event", options_.dry_run ? "would_delete" : "deleted"},
                                {"remote", place.remote()},
                                {"bucket", place.bucket()},
                                {"key", key}});
    } else if (options_.dry_run) {
      terminal_.out << "would delete " << DescribeName(place.remote(), place.bucket(), key) << "\n";
    }
  }

  void TellFailed(const v1::ObjectName& place, const v1::DeleteFailure& failure) {
    const absl::Status status = ToStatus(failure);
    exit_code_ = CombineExitCodes(exit_code_, ExitCodeOf(status));
    ++failed_;
    terminal_.err << "not deleted: " << DescribeName(place.remote(), place.bucket(), failure.key())
                  << ": " << Printable(failure.message()) << " [" << Printable(failure.reason())
                  << "]" << std::endl;
    if (!options_.common.json) return;
    WriteJson(terminal_.out,
              {{"event", "failed"},
               {"remote", place.remote()},
               {"bucket", place.bucket()},
               {"key", failure.key()},
               {"failure", {{"reason", failure.reason()}, {"message", failure.message()}}}});
  }

  void Sum() {
    if (options_.common.json) {
      WriteJson(terminal_.out, {{"event", "summary"},
                                {"dry_run", options_.dry_run},
                                {"deleted_count", deleted_},
                                {"failed_count", failed_}});
    }
    (options_.common.json ? terminal_.err : terminal_.out)
        << deleted_ << (deleted_ == 1 ? " object" : " objects")
        << (options_.dry_run ? " would be deleted" : " deleted")
        << (failed_ > 0 ? absl::StrCat(", ", failed_, " failed") : "") << std::endl;
  }

  const RmOptions& options_;
  Terminal& terminal_;
  Notification interrupted_;
  std::optional<InterruptWatch> watch_;   // once nobody is asked any more
  std::optional<Connection> connection_;  // from then on
  int64_t deleted_ = 0;
  int64_t failed_ = 0;
  int exit_code_ = kExitOk;  // of those that failed
};

}  // namespace

void AddRmCommand(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<RmOptions>();
  CLI::App* const command =
      app.add_subcommand("rm", "Delete objects; one that is not there is no error");
  command->add_option("objects", options->objects, "remote:bucket/key, one or more")->required();
  command->add_flag("--recursive,-r", options->recursive,
                    "Every object whose key begins with what is given after the bucket");
  command->add_flag("--force,-f,--yes,-y", options->force,
                    "Do not ask; needed with --recursive where nobody can be asked");
  command->add_flag("--dry-run", options->dry_run, "Only list what would be deleted");
  AddCommonOptions(*command, options->common);
  command->callback(
      [options, &context] { context.exit_code = RmCommand(*options, context.terminal).Run(); });
}

}  // namespace penstock::cli

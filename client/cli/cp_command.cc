// penstock cp: copies an object. Within a remote the backend does it; between remotes the bytes
// pass through this client, and running the command again resumes.

#include <google/protobuf/util/time_util.h>

#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/random.h"
#include "base/status_macros.h"
#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/exit_code.h"
#include "client/cli/interrupt_watch.h"
#include "client/cli/json_events.h"
#include "client/cli/object_name.h"
#include "client/cli/progress_view.h"
#include "client/cli/put_audience.h"
#include "client/cli/put_options.h"
#include "client/cli/resume_command.h"
#include "client/derived_token.h"
#include "client/object_calls.h"
#include "client/object_source.h"
#include "client/uploader.h"

namespace penstock::cli {
namespace {

struct CpOptions {
  CommonOptions common;
  std::string source;
  std::string target;
  bool quiet = false;
};

// "remote:bucket/key"; one that ends in '/', or is a bucket, gets the source's base name.
absl::StatusOr<v1::ObjectName> ParseTarget(const std::string& text, const v1::ObjectName& source) {
  PENSTOCK_ASSIGN_OR_RETURN(v1::ObjectName name, ParseObjectPrefix(text));
  if (!name.bucket().empty() && (name.key().empty() || absl::EndsWith(name.key(), "/"))) {
    name.mutable_key()->append(source.key().substr(source.key().rfind('/') + 1));
  }
  if (!name.bucket().empty() && !name.key().empty()) return name;
  return ParseObjectName(text);  // says what is missing
}

// What the copy carries besides its bytes: the same, but for the storage class, which the bucket
// decides, as it does where a backend copies.
v1::ObjectSpec MakeSpec(const v1::StoredObject& object, const v1::ObjectName& target) {
  v1::ObjectSpec spec;
  spec.set_remote(target.remote());
  spec.set_bucket(target.bucket());
  spec.set_key(target.key());
  spec.set_content_type(object.content_type());
  spec.set_cache_control(object.cache_control());
  spec.set_content_disposition(object.content_disposition());
  spec.set_content_encoding(object.content_encoding());
  *spec.mutable_metadata() = object.metadata();
  return spec;
}

// The same for every run that copies this very object to this place.
absl::StatusOr<std::string> TokenFor(const v1::StoredObject& object, const v1::ObjectName& target) {
  PENSTOCK_ASSIGN_OR_RETURN(const std::string secret, LoadTokenSecret(SecureRandom()));
  const int64_t updated =
      google::protobuf::util::TimeUtil::TimestampToNanoseconds(object.update_time());
  return DeriveToken(secret, {target.remote(),
                              target.bucket(),
                              target.key(),
                              {object.size(), absl::FromUnixNanos(updated)},
                              object.etag()});
}

class CpCommand {
 public:
  CpCommand(const CpOptions& options, CommandContext& context)
      : options_(options), context_(context), terminal_(context.terminal) {}

  int Run() {
    absl::Status status = ParseNames();
    if (!status.ok()) return ReportError(status, options_.common.json, terminal_);
    return source_.remote() == target_.remote() ? CopyWithin() : CopyBetween();
  }

 private:
  absl::Status ParseNames() {
    PENSTOCK_ASSIGN_OR_RETURN(source_, ParseObjectName(options_.source));
    PENSTOCK_ASSIGN_OR_RETURN(target_, ParseTarget(options_.target, source_));
    return absl::OkStatus();
  }

  int CopyWithin() {
    v1::CopyObjectRequest request;
    *request.mutable_source() = source_;
    *request.mutable_target() = target_;
    Connection connection(options_.common.servers);
    const absl::StatusOr<v1::StoredObject> copy = CopyObject(connection, request);
    if (!copy.ok()) return ReportError(copy.status(), options_.common.json, terminal_);
    if (options_.common.json)
      WriteJson(terminal_.out, {{"event", "done"}, {"object", ToJson(*copy)}});
    if (options_.quiet) return kExitOk;
    const std::string crc64 =
        copy->has_crc64_ecma() ? FormatCrc64(copy->crc64_ecma()) : "not known";
    (options_.common.json ? terminal_.err : terminal_.out)
        << DescribeName(target_) << "  " << copy->size() << " bytes  CRC-64 " << crc64 << "  ETag "
        << Printable(copy->etag()) << std::endl;
    return kExitOk;
  }

  int CopyBetween() {
    const absl::StatusOr<UploadResult> result = Transfer();
    if (!result.ok()) return Fail(result.status());
    if (options_.quiet) return kExitOk;
    (options_.common.json ? terminal_.err : terminal_.out)
        << DescribeResult(DescribeName(target_), *result) << std::endl;
    return kExitOk;
  }

  absl::StatusOr<UploadResult> Transfer() {
    Uploader uploader(options_.common.servers);
    Mutex mutex;  // guards the two that follow, until the reader is made
    bool interrupted = false;
    std::optional<ObjectReader> reader;
    // gRPC's threads must inherit that the signals are blocked: first the watch, then channels.
    const InterruptWatch watch([&] {
      uploader.Cancel();
      MutexLock lock(&mutex);
      interrupted = true;
      if (reader.has_value()) reader->Cancel();
    });
    {
      MutexLock lock(&mutex);
      reader.emplace(Connection(options_.common.servers), source_, ReadOptions(), nullptr);
      if (interrupted) reader->Cancel();
    }
    PENSTOCK_ASSIGN_OR_RETURN(const ObjectRange range, reader->Open());
    const std::unique_ptr<Source> source = MakeObjectSource(*reader, range);
    UploadOptions upload;
    PENSTOCK_ASSIGN_OR_RETURN(upload.session_token, TokenFor(range.object, target_));
    upload.ended_policy = v1::ENDED_POLICY_START_OVER;
    if (range.object.has_crc64_ecma()) upload.expected_crc64 = range.object.crc64_ecma();

    ProgressView view(terminal_, target_.key(), range.length, SystemClock());
    JsonEvents events(terminal_.out, range.length, SystemClock());
    PutAudience audience;
    if (!options_.quiet) audience.Add(&view);
    if (options_.common.json) audience.Add(&events);
    absl::StatusOr<UploadResult> result =
        uploader.Put(*source, MakeSpec(range.object, target_), upload, &audience);
    view.Clear();
    return result;
  }

  int Fail(const absl::Status& status) {
    return ReportUnfinished(status,
                            ResumeInstructions(context_.arguments, TokenOrigin::kDerived,
                                               /*from_pipe=*/false),
                            options_.common.json, terminal_);
  }

  const CpOptions& options_;
  CommandContext& context_;
  Terminal& terminal_;
  v1::ObjectName source_;
  v1::ObjectName target_;
};

}  // namespace

void AddCpCommand(CLI::App& app, CommandContext& context) {
  const auto options = std::make_shared<CpOptions>();
  CLI::App* const command = app.add_subcommand(
      "cp", "Copy an object: at the backend within a remote, through this client between remotes");
  command->add_option("source", options->source, "remote:bucket/key")->required();
  command
      ->add_option("target", options->target,
                   "remote:bucket/key; a key that is empty or ends in / gets the source's name")
      ->required();
  command->add_flag("--quiet,-q", options->quiet, "Print errors only");
  AddCommonOptions(*command, options->common);
  command->callback(
      [options, &context] { context.exit_code = CpCommand(*options, context).Run(); });
}

}  // namespace penstock::cli

// oss-emulator: a strict stand-in of Alibaba Cloud OSS's REST API (README.md).

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "emulator/files.h"
#include "emulator/server.h"
#include "emulator/service.h"

namespace penstock::emulator {
namespace {

struct Flags {
  std::string listen = "127.0.0.1:0";
  std::string data;
  std::vector<std::string> buckets;
  std::string access_key_id;
  std::string secret_file;
  std::string token_file;
  std::string region = "cn-hangzhou";
  std::vector<std::string> cnames;
  std::vector<std::string> versioning;
  std::vector<std::string> requester_pays;
  bool no_md5 = false;
  bool no_crc64 = false;
  int64_t max_copy_bytes = ReplyOptions().max_copy_bytes;
  int64_t body_timeout_ms = 30000;
};

void AddFlags(Flags& flags, CLI::App& app) {
  app.add_option("--listen", flags.listen, "Loopback address to listen on; port 0 takes a free one")
      ->capture_default_str();
  app.add_option("--data", flags.data, "Directory that keeps objects and uploads")->required();
  app.add_option("--bucket", flags.buckets, "Name of a bucket; may be repeated")->required();
  app.add_option("--access-key-id", flags.access_key_id, "The access key id")->required();
  app.add_option("--access-key-secret-file", flags.secret_file, "File that holds its secret")
      ->required()
      ->check(CLI::ExistingFile);
  app.add_option("--security-token-file", flags.token_file,
                 "File that holds the STS token every request must carry")
      ->check(CLI::ExistingFile);
  app.add_option("--region", flags.region, "Region that signatures must name")
      ->capture_default_str();
  app.add_option("--cname", flags.cnames, "DOMAIN=BUCKET: a customer domain; may be repeated");
  app.add_option("--versioning", flags.versioning, "A bucket with versioning; may be repeated");
  app.add_option("--requester-pays", flags.requester_pays,
                 "A bucket whose requesters must agree to pay; may be repeated");
  app.add_flag("--no-md5", flags.no_md5, "ETags are ids without meaning, no Content-MD5 is told");
  app.add_flag("--no-crc64", flags.no_crc64, "No CRC-64 is computed or told");
  app.add_option("--max-copy-bytes", flags.max_copy_bytes, "The largest object for CopyObject")
      ->capture_default_str()
      ->check(CLI::Range(int64_t{0}, ReplyOptions().max_copy_bytes));
  app.add_option("--body-timeout-ms", flags.body_timeout_ms, "How long a request's body may stall")
      ->capture_default_str()
      ->check(CLI::Range(1, 3600000));
}

// The content of a file without the line's end.
std::string ReadSecret(const std::string& path) {
  std::string secret = ReadFile(path).value_or("");
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
  if (secret.empty()) throw std::invalid_argument(path + " is empty or cannot be read");
  return secret;
}

std::map<std::string, std::string> ParseCnames(const std::vector<std::string>& flags) {
  std::map<std::string, std::string> cnames;
  for (const std::string& flag : flags) {
    const size_t equals = flag.find('=');
    if (equals == std::string::npos) {
      throw std::invalid_argument("expected --cname DOMAIN=BUCKET, got '" + flag + "'");
    }
    cnames[flag.substr(0, equals)] = flag.substr(equals + 1);
  }
  return cnames;
}

// Only buckets that exist have settings.
void AddSettings(const Flags& flags, ServiceOptions& options) {
  const auto settings_of = [&](const std::string& bucket) -> BucketOptions& {
    if (std::find(flags.buckets.begin(), flags.buckets.end(), bucket) == flags.buckets.end()) {
      throw std::invalid_argument("no --bucket has the name '" + bucket + "'");
    }
    return options.settings[bucket];
  };
  for (const std::string& bucket : flags.versioning) settings_of(bucket).versioning = true;
  for (const std::string& bucket : flags.requester_pays) settings_of(bucket).requester_pays = true;
}

ServiceOptions MakeOptions(const Flags& flags) {
  ServiceOptions options;
  options.credential.access_key_id = flags.access_key_id;
  options.credential.access_key_secret = ReadSecret(flags.secret_file);
  if (!flags.token_file.empty()) options.credential.security_token = ReadSecret(flags.token_file);
  options.credential.region = flags.region;
  options.routing = {flags.region, ParseCnames(flags.cnames)};
  options.reply = {flags.region, !flags.no_md5, !flags.no_crc64, flags.max_copy_bytes};
  options.data = flags.data;
  options.buckets = flags.buckets;
  for (const std::string& bucket : flags.buckets) {
    if (!IsValidBucketName(bucket)) {
      throw std::invalid_argument("'" + bucket + "' is not a valid name of a bucket");
    }
  }
  AddSettings(flags, options);
  return options;
}

int Run(const Flags& flags) {
  // Blocked before any thread starts, so that only sigwait sees them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  Service service(MakeOptions(flags));
  ConnectionTimeouts timeouts;
  timeouts.body = std::chrono::milliseconds(flags.body_timeout_ms);
  const auto server = Server::Start(flags.listen, service, timeouts);
  if (!server.ok()) throw std::runtime_error(std::string(server.status().message()));
  std::cout << (*server)->address() << std::endl;
  int signal = 0;
  sigwait(&signals, &signal);
  (*server)->Stop();
  return 0;
}

}  // namespace
}  // namespace penstock::emulator

int main(int argc, char** argv) {
  CLI::App app("A strict stand-in of Alibaba Cloud OSS's REST API, for tests.", "oss-emulator");
  penstock::emulator::Flags flags;
  penstock::emulator::AddFlags(flags, app);
  CLI11_PARSE(app, argc, argv);
  try {
    return penstock::emulator::Run(flags);
  } catch (const std::exception& error) {
    std::cerr << "oss-emulator: " << error.what() << std::endl;
    return 1;
  }
}

// penstockd: the server.

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "base/allocator.h"
#include "base/error.h"
#include "base/fault_point.h"
#include "server/backend_help.h"
#include "server/builtin_backends.h"
#include "server/dev.h"
#include "server/fault_points.h"
#include "server/server.h"

namespace penstock {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

// As many connections as the system allows.
void RaiseFileLimit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
}

// Blocked in every thread, so that only the wait below takes them.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return signals;
}

int Fail(const absl::Status& status) {
  std::cerr << "penstockd: " << status.message() << " (" << ErrorReason(status) << ")\n";
  return kExitFailed;
}

// Before any thread begins.
absl::Status ArmFromEnvironment() {
  const char* text = getenv("PENSTOCK_FAULT_POINTS");
  return text == nullptr ? absl::OkStatus() : ArmFaultPoints(text, FaultPointNames());
}

int Serve(const ServerConfig& config, const sigset_t& signals, const std::string& banner) {
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(config, BuiltinBackends());
  if (!server.ok()) return Fail(server.status());
  for (const std::string& address : (*server)->addresses()) {
    std::cout << "listening on " << address << "\n";
  }
  std::cout << banner << "ready" << std::endl;
  log::Info("server started", {{"addresses", absl::StrCat((*server)->addresses().size())}});
  int received = 0;
  sigwait(&signals, &received);
  log::Info("draining", {{"signal", strsignal(received)}});
  // A second signal ends the process at once.
  signal(received, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  const bool in_time = (*server)->Drain();
  log::Info("stopped", {{"drained", in_time ? "true" : "false"}});
  if (!in_time) _exit(0);  // nothing acknowledged is lost; what hangs is not waited for
  return 0;
}

std::string DevBanner(const DevSetup& setup, const std::string& address) {
  std::string put = absl::StrCat("penstock put FILE local:", kDevBucket, "/KEY");
  if (setup.emulator != nullptr) {
    absl::StrAppend(&put, "\n  penstock put FILE oss:", kDevBucket, "/KEY   (emulator at ",
                    setup.emulator->endpoint(), ")");
  }
  return absl::StrCat(
      "data in ", setup.config.store_path.substr(0, setup.config.store_path.rfind('/')),
      "\ntry:\n  ", put, address == "127.0.0.1:7070" ? "" : "   (--server, see above)", "\n");
}

int RunDev(const DevOptions& options, const sigset_t& signals) {
  absl::StatusOr<DevSetup> setup = SetUpDev(options);
  if (!setup.ok()) return Fail(setup.status());
  return Serve(setup->config, signals, DevBanner(*setup, options.listen.front()));
}

int RunConfigured(const std::string& path, bool print, const sigset_t& signals) {
  absl::StatusOr<ServerConfig> config = LoadConfig(path);
  if (!config.ok()) return Fail(config.status());
  if (print) {
    std::cout << PrintConfig(*config, BuiltinBackends());
    return 0;
  }
  log::Configure(config->log_level, config->log_json);
  return Serve(*config, signals, "");
}

int PrintBackends(const std::string& name) {
  const absl::StatusOr<std::string> text = DescribeBackends(BuiltinBackends(), name);
  if (!text.ok()) return Fail(text.status());
  std::cout << *text;
  return 0;
}

int Main(int argc, char** argv) {
  CLI::App app("Penstock server: streams objects into object storage, resumably");
  app.set_version_flag("--version", std::string("penstockd ") + PENSTOCK_VERSION);
  std::string config_path;
  bool print_config = false;
  app.add_option("--config", config_path, "Configuration file (TOML)");
  app.add_flag("--print-config", print_config,
               "Print the configuration with its defaults, and end");
  CLI::App* dev = app.add_subcommand("dev", "Serve without configuration, for trying things out");
  DevOptions dev_options;
  dev->add_option("--listen", dev_options.listen, "Addresses: HOST:PORT or unix:PATH")
      ->capture_default_str();
  dev->add_option("--data", dev_options.data,
                  "Folder for objects and sessions [" + DefaultDevFolder() + "]");
  dev->add_flag("--oss", dev_options.oss, "Also serve a remote `oss`, backed by an emulator");
  CLI::App* backends =
      app.add_subcommand("backends", "Print the kinds of remotes, or every option of one, and end");
  std::string backend_name;
  backends->add_option("NAME", backend_name, "The kind, such as oss");
  CLI11_PARSE(app, argc, argv);
  if (backends->parsed()) return PrintBackends(backend_name);
  if (dev->parsed() == !config_path.empty()) {
    std::cerr << "penstockd: expected either `dev` or `--config FILE`; see --help\n";
    return kExitUsage;
  }
  TuneAllocator();
  RaiseFileLimit();
  if (absl::Status status = ArmFromEnvironment(); !status.ok()) return Fail(status);
  const sigset_t signals = BlockStopSignals();
  if (!dev->parsed()) return RunConfigured(config_path, print_config, signals);
  log::Configure(log::Level::kInfo, false);
  return RunDev(dev_options, signals);
}

}  // namespace
}  // namespace penstock

int main(int argc, char** argv) { return penstock::Main(argc, argv); }

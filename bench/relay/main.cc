// bench_relay: the floor of every program that bytes go through (README.md).

#include <sys/signalfd.h>

#include <CLI/CLI.hpp>

#include "bench/relay/relay.h"
#include "bench/support/program.h"
#include "bench/support/report.h"

namespace penstock::bench {
namespace {

int Main(int argc, char** argv) {
  CLI::App app("A TCP relay that does nothing but receive and send.", "bench_relay");
  std::string listen = "127.0.0.1:0";
  std::string target;
  app.add_option("--listen", listen, "Where to listen; port 0 takes a free one")
      ->capture_default_str();
  app.add_option("--to", target, "Where to connect to, HOST:PORT")->required();
  CLI11_PARSE(app, argc, argv);
  PrepareProcess();
  const sigset_t signals = BlockStopSignals();
  const Descriptor stop(signalfd(-1, &signals, SFD_CLOEXEC));
  const auto relay = Relay::Start(listen, target);
  if (!relay.ok()) return Fail(app, relay.status());
  PrintListening((*relay)->address());
  (*relay)->Run(stop);
  return 0;
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) { return penstock::bench::Main(argc, argv); }

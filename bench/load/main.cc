// bench_load: a client that costs as little as possible (README.md).

#include <CLI/CLI.hpp>

#include "bench/load/modes.h"
#include "bench/support/program.h"
#include "bench/support/report.h"

namespace penstock::bench {
namespace {

int Main(int argc, char** argv) {
  CLI::App app("Puts load on a penstockd, at as little cost as possible.", "bench_load");
  LoadOptions options;
  AddOptions(app, options);
  CLI11_PARSE(app, argc, argv);
  PrepareProcess();
  // Never destroyed: gRPC may hold slices of it until the process ends.
  const auto& content = *new Content(options.chunk);
  PrintJson(RunPut(options, content));
  return 0;
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) { return penstock::bench::Main(argc, argv); }

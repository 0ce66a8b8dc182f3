// bench_direct: the floor of every client, for it has no server between (README.md).

#include <CLI/CLI.hpp>

#include "bench/direct/direct_load.h"
#include "bench/support/program.h"
#include "bench/support/report.h"

namespace penstock::bench {
namespace {

int Main(int argc, char** argv) {
  CLI::App app("Puts objects straight to a store with libcurl.", "bench_direct");
  DirectOptions options;
  options.bytes = int64_t{1} << 30;
  app.add_option("--url", options.url, "The store and a bucket: http://HOST:PORT/BUCKET")
      ->required();
  AddBytes(app, "--bytes", options.bytes, "Size of each object");
  app.add_option("--objects", options.objects, "Objects in all")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--parallel", options.parallel, "Requests at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  AddBytes(app, "--part-size", options.part_size,
           "Put each object in requests of this size; 0 for one request");
  AddBytes(app, "--upload-buffer", options.upload_buffer, "Of libcurl, 16KiB to 2MiB");
  CLI11_PARSE(app, argc, argv);
  PrepareProcess();
  constexpr int64_t kPiece = 1 << 20;
  PrintJson(RunDirect(options, Content(kPiece)));
  return 0;
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) { return penstock::bench::Main(argc, argv); }

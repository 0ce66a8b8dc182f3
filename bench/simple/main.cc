// bench_simple: the server that one would write first (README.md).

#include <curl/curl.h>
#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "bench/simple/simple_service.h"
#include "bench/support/program.h"
#include "bench/support/report.h"

namespace penstock::bench {
namespace {

constexpr int kMaxMessageBytes = 4 * 1024 * 1024;

int Main(int argc, char** argv) {
  CLI::App app("PutObject as one would write it first: to compare Penstock with.", "bench_simple");
  std::string listen = "127.0.0.1:0";
  std::string sink;
  app.add_option("--listen", listen, "Where to listen; port 0 takes a free one")
      ->capture_default_str();
  app.add_option("--sink", sink, "The store: http://HOST:PORT")->required();
  CLI11_PARSE(app, argc, argv);
  PrepareProcess();
  const sigset_t signals = BlockStopSignals();
  curl_global_init(CURL_GLOBAL_DEFAULT);
  SimpleService service(sink);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    return Fail(app, absl::UnavailableError(absl::StrCat("cannot listen on ", listen)));
  }
  PrintListening(absl::StrCat(listen.substr(0, listen.rfind(':')), ":", port));
  AwaitStop(signals);
  server->Shutdown(std::chrono::system_clock::now());
  return 0;
}

}  // namespace
}  // namespace penstock::bench

int main(int argc, char** argv) { return penstock::bench::Main(argc, argv); }

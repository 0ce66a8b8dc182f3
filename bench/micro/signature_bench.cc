// Signing the request that stores a part, with a key that is kept and with one computed anew.

#include <benchmark/benchmark.h>

#include "plugin/oss/signature.h"
#include "plugin/oss/signing_keys.h"

namespace penstock::oss {
namespace {

SigningInput PartRequest() {
  SigningInput input;
  input.method = "PUT";
  input.bucket = "examplebucket";
  input.key = "backups/2026/11/28/database-0001.tar.zst";
  input.query = {{"partNumber", "1234"}, {"uploadId", "0004B9895DBBB6EC98E36F4AB81D9D3C"}};
  input.headers = {{"content-length", "8388608"}, {"content-type", "application/octet-stream"}};
  return input;
}

const Credentials kCredentials = {"LTAI5tExampleExample", "ExampleExampleExampleExample01", ""};
const SigningScope kScope = {.region = "cn-hangzhou"};

void SignPartRequest(benchmark::State& state) {
  SigningKeys keys;
  const absl::Time time = absl::FromUnixSeconds(1'800'000'000);
  while (state.KeepRunning()) {
    SigningInput input = PartRequest();
    SignHeaders(input, kCredentials, kScope, time, keys);
    benchmark::DoNotOptimize(input);
  }
}
BENCHMARK(SignPartRequest);

void ComputeSigningKey(benchmark::State& state) {
  while (state.KeepRunning()) {
    benchmark::DoNotOptimize(SigningKey(kCredentials.access_key_secret, "20261128", kScope));
  }
}
BENCHMARK(ComputeSigningKey);

}  // namespace
}  // namespace penstock::oss

#ifndef PENSTOCK_BENCH_SIMPLE_SIMPLE_SERVICE_H_
#define PENSTOCK_BENCH_SIMPLE_SIMPLE_SERVICE_H_

#include <string>
#include <utility>

#include "penstock/v1/put.grpc.pb.h"

namespace penstock::bench {

// PutObject as one would write it first: a thread that blocks for each stream, parts of 8 MiB in a
// std::string, each put before the next bytes are read. It resumes nothing.
class SimpleService final : public v1::PutService::Service {
 public:
  using Stream = grpc::ServerReaderWriter<v1::PutObjectResponse, v1::PutObjectRequest>;

  // `store_url` as http://HOST:PORT; bucket and key come with each stream.
  explicit SimpleService(std::string store_url) : store_url_(std::move(store_url)) {}

  grpc::Status PutObject(grpc::ServerContext* context, Stream* stream) override;

 private:
  const std::string store_url_;
};

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_SIMPLE_SIMPLE_SERVICE_H_

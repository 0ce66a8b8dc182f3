#ifndef PENSTOCK_BENCH_SINK_SINK_CONNECTION_H_
#define PENSTOCK_BENCH_SINK_SINK_CONNECTION_H_

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "bench/sink/http_head.h"
#include "bench/sink/sink_store.h"
#include "bench/support/socket.h"

namespace penstock::bench {

// One connection of the sink: one request after the other. Used by one thread.
class SinkConnection {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // What it goes on with: bytes that came, room to send, its time, or bodies being read again.
  enum class Wait { kInput, kOutput, kTime, kUnstall };

  SinkConnection(Descriptor socket, SinkStore& store, const SinkSettings& settings)
      : socket_(std::move(socket)), store_(store), settings_(settings) {}

  int fd() const { return socket_.get(); }
  Wait wait() const { return wait_; }
  TimePoint due() const { return due_; }  // when it waits for its time

  // These are called when what it waits for has come. False: it has ended. `buffer` is room to
  // receive into, the same for all connections of a thread.
  bool OnInput(char* buffer, size_t size);
  bool OnOutput();
  bool OnTime() { return OnOutput(); }
  void OnUnstall() { wait_ = Wait::kInput; }

 private:
  bool Consume(std::string_view data);
  std::string_view ConsumeHead(std::string_view data);
  std::string_view ConsumeBody(std::string_view data);
  void BeginRequest(std::string_view head);
  void EndRequest();
  bool SendReply();

  // Whether the request is one of OSS that brings bytes to store.
  bool IsPut() const;

  Descriptor socket_;
  SinkStore& store_;
  const SinkSettings& settings_;

  Wait wait_ = Wait::kInput;
  TimePoint due_;
  bool broken_ = false;  // nothing sensible came: it ends

  std::string head_;  // of the next request, as far as it came
  bool in_body_ = false;
  HttpHead request_;
  SinkBody body_;
  std::string reply_;  // what is left to send
  std::string early_;  // what came before the reply was sent
};

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_SINK_SINK_CONNECTION_H_

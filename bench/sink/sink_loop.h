#ifndef PENSTOCK_BENCH_SINK_SINK_LOOP_H_
#define PENSTOCK_BENCH_SINK_SINK_LOOP_H_

#include <cstdint>
#include <map>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/mutex.h"
#include "bench/sink/sink_connection.h"

namespace penstock::bench {

// One thread that serves connections.
class SinkLoop {
 public:
  // Both must outlive the loop.
  SinkLoop(SinkStore& store, const SinkSettings& settings);

  // Closes all connections.
  ~SinkLoop();

  // Serves one more. Thread-safe.
  void Add(Descriptor socket);

 private:
  struct Served {
    SinkConnection connection;
    uint32_t events;  // what epoll looks for
  };

  void Run();
  void TakeAdded();
  void OnEvent(Served& served, uint32_t events);
  void RunTimers();
  void Unstall();
  int TimeoutMs() const;

  // Waits for what the connection waits for now, or forgets it when it has ended.
  void Settle(Served& served, bool goes_on);
  void Wake();

  SinkStore& store_;
  const SinkSettings& settings_;
  const Descriptor epoll_;
  const Descriptor wake_;  // an eventfd
  std::vector<char> buffer_;

  std::unordered_map<int, std::unique_ptr<Served>> served_;  // by descriptor
  std::multimap<SinkConnection::TimePoint, Served*> timers_;
  std::vector<Served*> stalled_;

  Mutex mutex_;  // guards what follows
  std::vector<Descriptor> added_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  std::thread thread_;
};

}  // namespace penstock::bench

#endif  // PENSTOCK_BENCH_SINK_SINK_LOOP_H_

#include "base/fault_point.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/error.h"
#include "base/mutex.h"

namespace penstock {
namespace fault_point_internal {

std::atomic<bool> armed = false;

}  // namespace fault_point_internal

namespace {

enum class Order { kKill, kStop, kFail, kHold };

constexpr std::pair<std::string_view, Order> kOrders[] = {
    {"kill", Order::kKill}, {"stop", Order::kStop}, {"fail", Order::kFail}, {"hold", Order::kHold}};

struct Arming {
  std::string point;
  Order order = Order::kKill;
  int first = 1;
  bool ever_after = false;
};

struct Table {
  Mutex mutex;
  std::vector<Arming> armings ABSL_GUARDED_BY(mutex);
  std::map<std::string, int, std::less<>> reached ABSL_GUARDED_BY(mutex);
};

Table& TheTable() {
  static Table* const table = new Table();
  return *table;
}

std::string_view NameOf(Order order) {
  const auto* const found = std::find_if(std::begin(kOrders), std::end(kOrders),
                                         [&](const auto& entry) { return entry.second == order; });
  return found->first;
}

absl::Status Bad(const std::string& item, const std::string& expected) {
  return MakeError(
      absl::StatusCode::kInvalidArgument, "BAD_FAULT_POINTS",
      absl::StrCat("PENSTOCK_FAULT_POINTS: expected ", expected, ", got \"", item, "\""));
}

// The pieces before and after the first `separator`; the second is absent without one.
std::pair<std::string, std::optional<std::string>> Cut(const std::string& text, char separator) {
  const size_t at = text.find(separator);
  if (at == std::string::npos) return {text, std::nullopt};
  return {text.substr(0, at), text.substr(at + 1)};
}

absl::Status Parse(const std::string& item, const std::vector<std::string>& known, Arming* arming) {
  const auto [point, what] = Cut(item, '=');
  if (!what.has_value()) return Bad(item, "POINT=ACTION[@N[+]]");
  if (std::find(known.begin(), known.end(), point) == known.end()) {
    return Bad(point, absl::StrCat("one of the points ", absl::StrJoin(known, ", ")));
  }
  const auto [action, when] = Cut(*what, '@');
  // Given a name of its own: clang 14 captures no structured binding.
  const auto* const order =
      std::find_if(std::begin(kOrders), std::end(kOrders),
                   [&name = action](const auto& entry) { return entry.first == name; });
  if (order == std::end(kOrders)) return Bad(action, "kill, stop, fail or hold");
  const bool moment = !absl::EndsWith(point, ".before") && !absl::EndsWith(point, ".after");
  if (moment && (order->second == Order::kFail || order->second == Order::kHold)) {
    return Bad(item, absl::StrCat("kill or stop, all that ", point, " can do"));
  }
  arming->point = point;
  arming->order = order->second;
  if (!when.has_value()) return absl::OkStatus();
  const absl::string_view number = absl::StripSuffix(*when, "+");
  arming->ever_after = number.size() != when->size();
  if (!absl::SimpleAtoi(number, &arming->first) || arming->first < 1) {
    return Bad(*when, "a number from 1 on, with or without a `+`");
  }
  return absl::OkStatus();
}

// One system call, so that the line is whole and out before the process is gone.
void Tell(std::string_view point, int count, Order order) {
  const std::string line = absl::StrCat("fault point ", std::string(point), " ", count, " ",
                                        std::string(NameOf(order)), "\n");
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

// What is to be done the `count`-th time that `point` is reached.
std::optional<Order> OrderFor(std::string_view point, int* count) {
  Table& table = TheTable();
  MutexLock lock(&table.mutex);
  auto reached = table.reached.find(point);
  if (reached == table.reached.end()) reached = table.reached.emplace(std::string(point), 0).first;
  *count = ++reached->second;
  for (const Arming& arming : table.armings) {
    const bool due = arming.ever_after ? *count >= arming.first : *count == arming.first;
    if (arming.point == point && due) return arming.order;
  }
  return std::nullopt;
}

sigset_t LetGoSignal() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGUSR1);
  return signals;
}

}  // namespace

namespace fault_point_internal {

FaultAction Reach(std::string_view point) {
  int count = 0;
  const std::optional<Order> order = OrderFor(point, &count);
  if (!order.has_value()) return FaultAction::kNone;
  Tell(point, count, *order);
  switch (*order) {
    case Order::kKill:
      raise(SIGKILL);  // to this thread: it does not go one step further
      break;
    case Order::kStop:
      raise(SIGSTOP);
      break;
    case Order::kFail:
      return FaultAction::kFail;
    case Order::kHold:
      return FaultAction::kHold;
  }
  return FaultAction::kNone;
}

}  // namespace fault_point_internal

absl::Status ArmFaultPoints(const std::string& text, const std::vector<std::string>& known) {
  std::vector<Arming> armings;
  for (const absl::string_view item : absl::StrSplit(text, ',')) {
    Arming arming;
    if (absl::Status status = Parse(std::string(item), known, &arming); !status.ok()) return status;
    armings.push_back(std::move(arming));
  }
  const sigset_t signals = LetGoSignal();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  Table& table = TheTable();
  MutexLock lock(&table.mutex);
  table.armings = std::move(armings);
  table.reached.clear();
  fault_point_internal::armed = true;
  return absl::OkStatus();
}

void HoldFaultPoint(absl::AnyInvocable<void() &&> go_on) {
  std::thread([go_on = std::move(go_on)]() mutable {
    const sigset_t signals = LetGoSignal();
    int received = 0;
    sigwait(&signals, &received);
    std::move(go_on)();
  }).detach();
}

}  // namespace penstock

#include "emulator/journal.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "emulator/encoding.h"

namespace penstock::emulator {
namespace {

constexpr size_t kMaxEntries = 200000;

}  // namespace

void to_json(nlohmann::json& json, const JournalEntry& entry) {
  json = {{"seq", entry.seq},
          {"time", IsoMillis(entry.time)},
          {"method", entry.method},
          {"operation", entry.operation},
          {"bucket", entry.bucket},
          {"key", entry.key},
          {"upload_id", entry.upload_id},
          {"part_number", entry.part_number},
          {"status", entry.status},
          {"code", entry.code},
          {"request_id", entry.request_id},
          {"bytes", entry.bytes},
          // As a text: numbers of JSON are exact to 2^53 only.
          {"crc64", std::to_string(entry.crc64)},
          {"effect", entry.effect},
          {"fault", entry.fault}};
}

void Journal::Append(JournalEntry entry) {
  {
    const std::lock_guard lock(mutex_);
    entry.seq = ++last_;
    entries_.push_back(std::move(entry));
    if (entries_.size() > kMaxEntries) entries_.pop_front();
  }
  changed_.notify_all();
}

std::vector<JournalEntry> Journal::Since(int64_t since) const {
  const std::lock_guard lock(mutex_);
  return Matching(since, "*");
}

std::vector<JournalEntry> Journal::Wait(int64_t since, const std::string& operation, size_t count,
                                        absl::Duration timeout) const {
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(timeout);
  std::unique_lock lock(mutex_);
  std::vector<JournalEntry> matching;
  changed_.wait_until(lock, deadline, [&] {
    matching = Matching(since, operation);
    return stopped_ || matching.size() >= count;
  });
  return matching;
}

int64_t Journal::Last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

void Journal::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
}

std::vector<JournalEntry> Journal::Matching(int64_t since, const std::string& operation) const {
  const bool any = operation.empty() || operation == "*";
  std::vector<JournalEntry> matching;
  const int64_t first = last_ - static_cast<int64_t>(entries_.size()) + 1;
  for (int64_t seq = std::max(first, since + 1); seq <= last_; ++seq) {
    const JournalEntry& entry = entries_[static_cast<size_t>(seq - first)];
    if (any || entry.operation == operation) matching.push_back(entry);
  }
  return matching;
}

}  // namespace penstock::emulator

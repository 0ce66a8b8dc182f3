#include "emulator/faults.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace penstock::emulator {
namespace {

constexpr std::array<std::pair<const char*, FaultKind>, 15> kKinds = {{
    {"drop_reply_after_effect", FaultKind::kDropReplyAfterEffect},
    {"reset_before_effect", FaultKind::kResetBeforeEffect},
    {"reset_mid_body", FaultKind::kResetMidBody},
    {"error", FaultKind::kError},
    {"delay", FaultKind::kDelay},
    {"wrong_crc", FaultKind::kWrongCrc},
    {"wrong_etag", FaultKind::kWrongEtag},
    {"truncated_xml", FaultKind::kTruncatedXml},
    {"qos_delay", FaultKind::kQosDelay},
    {"skew", FaultKind::kSkew},
    {"lose_upload", FaultKind::kLoseUpload},
    {"hold", FaultKind::kHold},
    {"slow_drip", FaultKind::kSlowDrip},
    {"slow_read", FaultKind::kSlowRead},
    {"late", FaultKind::kLate},
}};

FaultKind KindOf(const std::string& name) {
  for (const auto& [known, kind] : kKinds) {
    if (name == known) return kind;
  }
  throw std::invalid_argument("unknown kind of fault: " + name);
}

void CheckRanges(const Fault& fault) {
  if (fault.status < 200 || fault.status > 599) throw std::invalid_argument("status: 200 to 599");
  if (fault.skip < 0) throw std::invalid_argument("skip must not be negative");
  if (fault.count < 1) throw std::invalid_argument("count must be at least 1");
  if (fault.piece_bytes < 1) throw std::invalid_argument("piece_bytes must be at least 1");
  if (fault.delay_ms < 0 && fault.kind != FaultKind::kSkew) {
    throw std::invalid_argument("delay_ms must not be negative");
  }
}

}  // namespace

std::string FaultName(FaultKind kind) {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(),
                                  [&](const auto& entry) { return entry.second == kind; });
  return found->first;
}

void to_json(nlohmann::json& json, const Fault& fault) {
  json = {{"id", fault.id},
          {"kind", FaultName(fault.kind)},
          {"operation", fault.operation},
          {"status", fault.status},
          {"code", fault.code},
          {"xml", fault.xml},
          {"delay_ms", fault.delay_ms},
          {"piece_bytes", fault.piece_bytes},
          {"skip", fault.skip},
          {"count", fault.count},
          {"fired", fault.fired}};
  if (fault.key) json["key"] = *fault.key;
  if (fault.part_number) json["part_number"] = *fault.part_number;
}

void from_json(const nlohmann::json& json, Fault& fault) {
  fault = Fault();
  fault.kind = KindOf(json.at("kind").get<std::string>());
  for (const auto& [name, value] : json.items()) {
    if (name == "kind") continue;
    if (name == "operation") {
      value.get_to(fault.operation);
    } else if (name == "key") {
      fault.key = value.get<std::string>();
    } else if (name == "part_number") {
      fault.part_number = value.get<int>();
    } else if (name == "status") {
      value.get_to(fault.status);
    } else if (name == "code") {
      value.get_to(fault.code);
    } else if (name == "xml") {
      value.get_to(fault.xml);
    } else if (name == "delay_ms") {
      value.get_to(fault.delay_ms);
    } else if (name == "piece_bytes") {
      value.get_to(fault.piece_bytes);
    } else if (name == "skip") {
      value.get_to(fault.skip);
    } else if (name == "count") {
      value.get_to(fault.count);
    } else {
      throw std::invalid_argument("unknown member of a fault: " + name);
    }
  }
  CheckRanges(fault);
}

int64_t FaultTable::Add(Fault fault) {
  const std::lock_guard lock(mutex_);
  fault.id = next_id_++;
  faults_.push_back(std::move(fault));
  return faults_.back().id;
}

void FaultTable::Clear() {
  {
    const std::lock_guard lock(mutex_);
    faults_.clear();
    held_.clear();
    cleared_below_ = next_id_;
  }
  changed_.notify_all();
}

std::vector<Fault> FaultTable::List() const {
  const std::lock_guard lock(mutex_);
  return {faults_.begin(), faults_.end()};
}

std::optional<Fault> FaultTable::Take(const Subject& subject, bool of_clock) {
  const std::lock_guard lock(mutex_);
  for (Fault& fault : faults_) {
    const bool matches = (fault.kind == FaultKind::kSkew) == of_clock &&
                         (fault.operation == "*" || fault.operation == subject.operation) &&
                         (!fault.key || *fault.key == subject.key) &&
                         (!fault.part_number || *fault.part_number == subject.part_number);
    if (!matches || fault.fired == fault.count) continue;
    if (fault.skip > 0) {
      --fault.skip;
      continue;
    }
    ++fault.fired;
    return fault;
  }
  return std::nullopt;
}

void FaultTable::Sleep(absl::Duration delay) const {
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(delay);
  std::unique_lock lock(mutex_);
  const int64_t cleared = cleared_below_;
  changed_.wait_until(lock, deadline, [&] { return stopped_ || cleared_below_ != cleared; });
}

void FaultTable::Pause(const Fault& fault) const {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(fault.delay_ms);
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [&] { return stopped_ || fault.id < cleared_below_; });
}

void FaultTable::Hold(const Fault& fault) {
  std::unique_lock lock(mutex_);
  if (fault.id >= cleared_below_ && held_.insert(fault.id).second) changed_.notify_all();
  changed_.wait(lock, [&] { return stopped_ || fault.id < cleared_below_; });
}

bool FaultTable::AwaitHeld(int64_t id, absl::Duration timeout) const {
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(timeout);
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline,
                      [&] { return stopped_ || id < cleared_below_ || held_.contains(id); });
  return held_.contains(id);
}

void FaultTable::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
}

}  // namespace penstock::emulator

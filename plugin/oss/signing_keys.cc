#include "plugin/oss/signing_keys.h"

#include <algorithm>

namespace penstock::oss {
namespace {

// Around midnight, and while credentials are being replaced, requests alternate between keys.
constexpr size_t kMostEntries = 4;

}  // namespace

std::string SigningKeys::Get(const std::string& secret, const std::string& date,
                             const SigningScope& scope) {
  MutexLock lock(&mutex_);
  auto it = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.date == date && entry.secret == secret && entry.region == scope.region &&
           entry.product == scope.product;
  });
  if (it == entries_.end()) {
    ++computed_count_;
    if (entries_.size() == kMostEntries) entries_.pop_back();
    it = entries_.insert(entries_.end(), {secret, date, scope.region, scope.product,
                                          SigningKey(secret, date, scope)});
  }
  std::rotate(entries_.begin(), it, it + 1);
  return entries_.front().key;
}

int64_t SigningKeys::computed_count() const {
  MutexLock lock(&mutex_);
  return computed_count_;
}

}  // namespace penstock::oss

#include "emulator/service.h"

#include <utility>

#include "absl/time/clock.h"
#include "emulator/exchange.h"

namespace penstock::emulator {

namespace {

BucketOptions SettingsOf(const ServiceOptions& options, const std::string& bucket) {
  const auto found = options.settings.find(bucket);
  return found == options.settings.end() ? BucketOptions() : found->second;
}

}  // namespace

Service::Service(ServiceOptions options)
    : options_(std::move(options)),
      lock_(options_.data, options_.patience),
      credential_(std::make_shared<const Credential>(options_.credential)) {
  for (const std::string& name : options_.buckets) {
    buckets_[name] =
        std::make_unique<Bucket>(name, options_.data / name, SettingsOf(options_, name));
  }
}

Outcome Service::Serve(Request& request, Body& body) {
  return Exchange(*this, request, body).Run();
}

std::shared_ptr<const Credential> Service::credential() const {
  const std::lock_guard lock(mutex_);
  return credential_;
}

void Service::SetCredential(const std::string& access_key_id, const std::string& access_key_secret,
                            const std::optional<std::string>& security_token) {
  const std::lock_guard lock(mutex_);
  auto next = std::make_shared<Credential>(*credential_);
  if (next->security_token) next->expired.push_back({next->access_key_id, *next->security_token});
  next->access_key_id = access_key_id;
  next->access_key_secret = access_key_secret;
  next->security_token = security_token;
  credential_ = std::move(next);
}

void Service::Stop() {
  faults_.Stop();
  journal_.Stop();
}

Bucket* Service::FindBucket(const std::string& name) {
  const auto found = buckets_.find(name);
  return found == buckets_.end() ? nullptr : found->second.get();
}

}  // namespace penstock::emulator

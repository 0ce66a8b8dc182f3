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

Service::Service(ServiceOptions options) : options_(std::move(options)) {
  for (const std::string& name : options_.buckets) {
    buckets_[name] =
        std::make_unique<Bucket>(name, options_.data / name, SettingsOf(options_, name));
  }
}

Outcome Service::Serve(Request& request, Body& body) {
  return Exchange(*this, request, body).Run();
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

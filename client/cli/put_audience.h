#ifndef PENSTOCK_CLIENT_CLI_PUT_AUDIENCE_H_
#define PENSTOCK_CLIENT_CLI_PUT_AUDIENCE_H_

#include <vector>

#include "client/upload_events.h"

namespace penstock::cli {

// Passes every event of a put to several observers: people and, with --json, programs.
class PutAudience final : public UploadObserver {
 public:
  // `observer` must outlive this.
  void Add(UploadObserver* observer) { observers_.push_back(observer); }

  void OnOpened(const UploadOpened& event) override {
    for (UploadObserver* observer : observers_) observer->OnOpened(event);
  }
  void OnProgress(const UploadProgress& event) override {
    for (UploadObserver* observer : observers_) observer->OnProgress(event);
  }
  void OnRetry(const TransferRetry& event) override {
    for (UploadObserver* observer : observers_) observer->OnRetry(event);
  }
  void OnDraining(const UploadDraining& event) override {
    for (UploadObserver* observer : observers_) observer->OnDraining(event);
  }
  void OnFinished(const UploadResult& event) override {
    for (UploadObserver* observer : observers_) observer->OnFinished(event);
  }

 private:
  std::vector<UploadObserver*> observers_;
};

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_PUT_AUDIENCE_H_

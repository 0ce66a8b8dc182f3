#ifndef PENSTOCK_CLIENT_CLI_JSON_EVENTS_H_
#define PENSTOCK_CLIENT_CLI_JSON_EVENTS_H_

// The output of --json: one object a line. Fields may be added, none is renamed. Sizes are bytes,
// times RFC 3339, CRC-64s 16 hexadecimal digits.

#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "base/clock.h"
#include "client/upload_events.h"
#include "penstock/v1/put.pb.h"

namespace penstock::cli {

std::string FormatCrc64(uint64_t crc64);

nlohmann::json ToJson(const v1::StoredObject& object);
nlohmann::json ToJson(const v1::Session& session);
nlohmann::json ToJson(const v1::Remote& remote);
nlohmann::json ToJson(const UploadResult& result);       // the event `done`
nlohmann::json RetryToJson(const TransferRetry& event);  // the event `retry`

// The event `error`.
nlohmann::json ErrorToJson(const absl::Status& status);

// Writes one line. Bytes that are no UTF-8 are replaced.
void WriteJson(std::ostream& out, const nlohmann::json& value);

// Writes the events of a put: `resume`, `progress` (at most one a second), `retry` and `done`.
class JsonEvents final : public UploadObserver {
 public:
  // Both references must outlive this. Each event has the field `file`, unless it is empty.
  JsonEvents(std::ostream& out, std::optional<int64_t> total_size, const Clock& clock,
             std::string file = "");

  void OnOpened(const UploadOpened& event) override;
  void OnProgress(const UploadProgress& event) override;
  void OnRetry(const TransferRetry& event) override;
  void OnFinished(const UploadResult& event) override;

 private:
  void Write(nlohmann::json event);

  std::ostream& out_;
  const std::optional<int64_t> total_size_;
  const Clock& clock_;
  const std::string file_;
  absl::Time last_progress_ = absl::InfinitePast();
};

}  // namespace penstock::cli

#endif  // PENSTOCK_CLIENT_CLI_JSON_EVENTS_H_

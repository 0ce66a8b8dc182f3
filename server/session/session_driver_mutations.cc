// Two wrong ways to trust a listing, for the tests of the tests (store/mutation.h).

#include <utility>

#include "server/session/session_driver.h"

namespace penstock {

void SessionDriver::CompleteFromListing(const std::string& upload_id) {
  const SessionSpec& spec = session_.record().spec;
  backend().ListParts(
      spec.object, upload_id,
      [self = shared_from_this(), upload_id](const absl::StatusOr<std::vector<ListedPart>>& list) {
        if (!list.ok()) {
          self->Post(ObjectPublished{list.status()});
          return;
        }
        std::vector<PartReference> parts;
        for (const ListedPart& part : *list) parts.push_back({part.number, part.etag});
        const SessionSpec& known = self->session_.record().spec;
        self->backend().CompleteUpload(known.object, upload_id, parts, known.attributes,
                                       [self](absl::StatusOr<ObjectStat> object) {
                                         self->Post(ObjectPublished{std::move(object)});
                                       });
      });
}

void SessionDriver::ClaimAndAdopt(SessionWrite claim) {
  environment_.store->Write(
      key_, std::move(claim), [self = shared_from_this()](StoreAnswer answer) {
        const bool open = answer.code == StoreCode::kOk && !answer.kept &&
                          answer.record->state == SessionState::kOpen;
        if (!open || answer.record->upload_id.empty() || answer.record->tail.has_value()) {
          self->Post(StoreAnswered{std::move(answer)});
          return;
        }
        Backend& backend = *self->environment_.backends.at(answer.record->spec.remote);
        const SessionRecord record = *answer.record;
        backend.ListParts(record.spec.object, record.upload_id,
                          [self, answer = std::move(answer)](
                              const absl::StatusOr<std::vector<ListedPart>>& parts) {
                            self->Adopt(answer, parts.ok() ? *parts : std::vector<ListedPart>());
                          });
      });
}

void SessionDriver::Adopt(const StoreAnswer& claimed, const std::vector<ListedPart>& parts) {
  const SessionRecord& record = *claimed.record;
  CommitParts commit;
  commit.position = {record.fence, record.next_sequence, record.committed_size};
  int64_t offset = record.committed_size;
  for (const ListedPart& part : parts) {
    if (!claimed.ledger.empty() && part.number <= claimed.ledger.back().number) continue;
    commit.rows.push_back({record.next_sequence + std::ssize(commit.rows), part.number, offset,
                           part.size, *part.crc64, part.etag});
    offset += part.size;
  }
  if (commit.rows.empty()) {
    Post(StoreAnswered{claimed});
    return;
  }
  const std::vector<PartRecord> rows = commit.rows;
  environment_.store->Write(key_, std::move(commit),
                            [self = shared_from_this(), claimed, rows](const StoreAnswer& answer) {
                              StoreAnswer merged = claimed;
                              if (answer.code == StoreCode::kOk) {
                                merged.record = answer.record;
                                merged.ledger.insert(merged.ledger.end(), rows.begin(), rows.end());
                              }
                              self->Post(StoreAnswered{std::move(merged)});
                            });
}

}  // namespace penstock

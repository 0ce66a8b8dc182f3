// One thread drains the queue: whatever has gathered while the last transaction was written becomes
// the next one. The more there is to do, the more each synchronization of the disk carries.
//
//   take up to max_batch calls
//   BEGIN; for each: SAVEPOINT, do it, RELEASE (or ROLLBACK TO, and it alone has failed); COMMIT
//   answer them
//
// Nothing is answered before COMMIT, reads included: they may have seen writes of their own batch.

#include "server/store/sqlite_store.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "base/error.h"
#include "base/mutex.h"
#include "base/status_macros.h"
#include "server/store/session_tables.h"
#include "server/store/store_file.h"

namespace penstock {
namespace {

using Code = absl::StatusCode;

// What a failure that is certain to have changed nothing means to the caller.
StoreCode StoreCodeOf(const absl::Status& status) {
  switch (status.code()) {
    case Code::kResourceExhausted:
      return StoreCode::kExhausted;
    case Code::kDataLoss:
    case Code::kInternal:
      return StoreCode::kCorrupt;
    default:
      return StoreCode::kUnavailable;
  }
}

// True for failures of one call that leave the transaction and the connection sound.
bool ConcernsOneCall(const absl::Status& status) {
  return status.code() == Code::kResourceExhausted || status.code() == Code::kDataLoss ||
         status.code() == Code::kInternal;
}

StoreAnswer Failed(StoreCode code, const absl::Status& cause) {
  StoreAnswer answer;
  answer.code = code;
  answer.message = std::string(cause.message());
  return answer;
}

absl::Status WithDelayIfTransient(const absl::Status& cause) {
  return cause.code() == Code::kUnavailable ? WithRetryDelay(cause, absl::Seconds(5)) : cause;
}

// One call: run within a transaction, perhaps twice, and answered once, after it was committed.
class Call {
 public:
  virtual ~Call() = default;
  virtual bool writes() const { return false; }
  virtual absl::Status Run(SessionTables& tables) = 0;
  virtual void Fail(StoreCode code, const absl::Status& cause) = 0;  // replaces what Run found
  virtual void Answer() = 0;
};

class WriteCall final : public Call {
 public:
  WriteCall(SessionKey key, SessionWrite write, StoreDone done)
      : key_(std::move(key)), write_(std::move(write)), done_(std::move(done)) {}

  bool writes() const override { return true; }
  absl::Status Run(SessionTables& tables) override {
    PENSTOCK_ASSIGN_OR_RETURN(answer_, tables.Write(key_, write_));
    return absl::OkStatus();
  }
  void Fail(StoreCode code, const absl::Status& cause) override { answer_ = Failed(code, cause); }
  void Answer() override { std::move(done_)(std::move(answer_)); }

 private:
  const SessionKey key_;
  const SessionWrite write_;
  StoreDone done_;
  StoreAnswer answer_;
};

class GetCall final : public Call {
 public:
  GetCall(SessionKey key, StoreDone done) : key_(std::move(key)), done_(std::move(done)) {}

  absl::Status Run(SessionTables& tables) override {
    PENSTOCK_ASSIGN_OR_RETURN(answer_, tables.Get(key_));
    return absl::OkStatus();
  }
  void Fail(StoreCode code, const absl::Status& cause) override { answer_ = Failed(code, cause); }
  void Answer() override { std::move(done_)(std::move(answer_)); }

 private:
  const SessionKey key_;
  StoreDone done_;
  StoreAnswer answer_;
};

class GetByIdCall final : public Call {
 public:
  GetByIdCall(std::string principal, std::string session_id, SessionStore::FoundDone done)
      : principal_(std::move(principal)),
        session_id_(std::move(session_id)),
        done_(std::move(done)) {}

  absl::Status Run(SessionTables& tables) override {
    PENSTOCK_ASSIGN_OR_RETURN(found_, tables.GetById(principal_, session_id_));
    return absl::OkStatus();
  }
  void Fail(StoreCode code, const absl::Status& cause) override {
    found_ = {Failed(code, cause), {}};
  }
  void Answer() override { std::move(done_)(std::move(found_.answer), std::move(found_.key)); }

 private:
  const std::string principal_;
  const std::string session_id_;
  SessionStore::FoundDone done_;
  SessionTables::Found found_;
};

class ListCall final : public Call {
 public:
  ListCall(SessionQuery query, SessionStore::PageDone done)
      : query_(std::move(query)), done_(std::move(done)) {}

  absl::Status Run(SessionTables& tables) override {
    page_ = tables.List(query_);
    // A bad page token is the caller's, not the database's.
    return page_.status().code() == Code::kInvalidArgument ? absl::OkStatus() : page_.status();
  }
  void Fail(StoreCode, const absl::Status& cause) override { page_ = WithDelayIfTransient(cause); }
  void Answer() override { std::move(done_)(std::move(page_)); }

 private:
  const SessionQuery query_;
  SessionStore::PageDone done_;
  absl::StatusOr<SessionPage> page_ = SessionPage();
};

class DueCall final : public Call {
 public:
  DueCall(DueQuery query, SessionStore::DueDone done)
      : query_(std::move(query)), done_(std::move(done)) {}

  absl::Status Run(SessionTables& tables) override {
    due_ = tables.Due(query_);
    return due_.status();
  }
  void Fail(StoreCode, const absl::Status& cause) override { due_ = WithDelayIfTransient(cause); }
  void Answer() override { std::move(done_)(std::move(due_)); }

 private:
  const DueQuery query_;
  SessionStore::DueDone done_;
  absl::StatusOr<std::vector<KeyedSession>> due_ = std::vector<KeyedSession>();
};

class OwnedUploadsCall final : public Call {
 public:
  OwnedUploadsCall(std::vector<std::string> upload_ids, SessionStore::OwnedDone done)
      : upload_ids_(std::move(upload_ids)), done_(std::move(done)) {}

  absl::Status Run(SessionTables& tables) override {
    owned_ = tables.OwnedUploads(upload_ids_);
    return owned_.status();
  }
  void Fail(StoreCode, const absl::Status& cause) override { owned_ = WithDelayIfTransient(cause); }
  void Answer() override { std::move(done_)(std::move(owned_)); }

 private:
  const std::vector<std::string> upload_ids_;
  SessionStore::OwnedDone done_;
  absl::StatusOr<std::set<std::string>> owned_ = std::set<std::string>();
};

class SqliteStore final : public SessionStore {
 public:
  using Batch = std::vector<std::unique_ptr<Call>>;

  SqliteStore(int max_batch, std::unique_ptr<StoreFile> file,
              std::unique_ptr<SqliteDatabase> database, std::unique_ptr<SessionTables> tables)
      : max_batch_(std::max(max_batch, 1)),
        file_(std::move(file)),
        database_(std::move(database)),
        tables_(std::move(tables)),
        thread_([this] { Work(); }) {}

  ~SqliteStore() override {
    {
      MutexLock lock(&mutex_);
      stopping_ = true;
    }
    thread_.join();
  }

  void Write(const SessionKey& key, SessionWrite write, StoreDone done) override {
    Enqueue(std::make_unique<WriteCall>(key, std::move(write), std::move(done)));
  }
  void Get(const SessionKey& key, StoreDone done) override {
    Enqueue(std::make_unique<GetCall>(key, std::move(done)));
  }
  void GetById(const std::string& principal, const std::string& session_id,
               FoundDone done) override {
    Enqueue(std::make_unique<GetByIdCall>(principal, session_id, std::move(done)));
  }
  void List(const SessionQuery& query, PageDone done) override {
    Enqueue(std::make_unique<ListCall>(query, std::move(done)));
  }
  void Due(const DueQuery& query, DueDone done) override {
    Enqueue(std::make_unique<DueCall>(query, std::move(done)));
  }
  void OwnedUploads(std::vector<std::string> upload_ids, OwnedDone done) override {
    Enqueue(std::make_unique<OwnedUploadsCall>(std::move(upload_ids), std::move(done)));
  }

 private:
  void Enqueue(std::unique_ptr<Call> call) {
    MutexLock lock(&mutex_);
    queue_.push_back(std::move(call));
  }

  void Work();
  bool Take(Batch* batch);
  void RunBatch(Batch& batch);
  absl::Status RunAll(Batch& batch);
  absl::Status RunOne(Call& call);
  void Recover(const absl::Status& cause);
  absl::Status Connect();
  void Disconnect();

  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stopping_ || !queue_.empty();
  }

  // Constant after construction.
  const int max_batch_;

  // Of the thread alone.
  const std::unique_ptr<StoreFile> file_;
  std::unique_ptr<SqliteDatabase> database_;  // nullptr: it must be opened anew
  std::unique_ptr<SessionTables> tables_;     // likewise; gone before its database

  Mutex mutex_;  // guards what follows
  std::deque<std::unique_ptr<Call>> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  std::thread thread_;  // last: it uses all of the above
};

// Takes the next calls; false when the store is being destroyed, and nobody may run them any more.
bool SqliteStore::Take(Batch* batch) {
  MutexLock lock(&mutex_);
  mutex_.Await([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return HasWork(); });
  const size_t count =
      stopping_ ? queue_.size() : std::min(queue_.size(), static_cast<size_t>(max_batch_));
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
  std::move(queue_.begin(), end, std::back_inserter(*batch));
  queue_.erase(queue_.begin(), end);
  return !stopping_;
}

void SqliteStore::Work() {
  while (true) {
    Batch batch;
    const bool run = Take(&batch);
    if (!run && batch.empty()) break;  // else an answer may ask for more
    if (run) {
      RunBatch(batch);
    } else {
      const absl::Status closing =
          MakeError(Code::kUnavailable, "STORE_UNAVAILABLE", "the store is being closed");
      for (const auto& call : batch) call->Fail(StoreCode::kUnavailable, closing);
    }
    for (const auto& call : batch) call->Answer();
  }
  Disconnect();
}

void SqliteStore::RunBatch(Batch& batch) {
  if (absl::Status status = Connect(); !status.ok()) {
    for (const auto& call : batch) call->Fail(StoreCodeOf(status), status);
    return;
  }
  absl::Status status = RunAll(batch);
  StoreCode code = StoreCodeOf(status);
  if (status.ok()) {
    status = database_->Execute("COMMIT");
    if (status.ok()) return;
    // Without space the frame that commits was not written. After any other failure it may be in
    // the log, and found there by whoever opens it next.
    code = status.code() == Code::kResourceExhausted ? StoreCode::kExhausted : StoreCode::kUnknown;
  }
  Recover(status);
  for (const auto& call : batch) {
    if (call->writes()) {
      call->Fail(code, status);
    } else {
      // What it saw was taken back: it reads once more, after whatever became of the batch.
      absl::Status again = Connect();
      if (again.ok()) again = call->Run(*tables_);
      if (!again.ok()) call->Fail(StoreCodeOf(again), again);
    }
  }
}

// Begins a transaction and runs every call in it. An error: the transaction as a whole has failed.
absl::Status SqliteStore::RunAll(Batch& batch) {
  PENSTOCK_RETURN_IF_ERROR(database_->Execute("BEGIN IMMEDIATE"));
  for (const auto& call : batch) PENSTOCK_RETURN_IF_ERROR(RunOne(*call));
  return absl::OkStatus();
}

absl::Status SqliteStore::RunOne(Call& call) {
  PENSTOCK_RETURN_IF_ERROR(database_->Execute("SAVEPOINT call"));
  const absl::Status status = call.Run(*tables_);
  if (status.ok()) return database_->Execute("RELEASE call");
  // SQLite itself may have taken the whole transaction back.
  if (!ConcernsOneCall(status) || !database_->in_transaction()) return status;
  PENSTOCK_RETURN_IF_ERROR(database_->Execute("ROLLBACK TO call; RELEASE call"));
  call.Fail(StoreCodeOf(status), status);
  return absl::OkStatus();
}

// Takes a failed transaction back. Unless it merely lacked space, only opening the file anew tells
// what is in it: a log whose synchronization failed may hold the commit or not, and this connection
// believes that it does not.
void SqliteStore::Recover(const absl::Status& cause) {
  bool sound = cause.code() == Code::kResourceExhausted;
  if (database_->in_transaction()) sound = database_->Execute("ROLLBACK").ok() && sound;
  if (!sound) Disconnect();
}

absl::Status SqliteStore::Connect() {
  if (database_ != nullptr) return absl::OkStatus();
  PENSTOCK_ASSIGN_OR_RETURN(auto database, file_->Connect());
  PENSTOCK_ASSIGN_OR_RETURN(tables_, SessionTables::Prepare(*database));
  database_ = std::move(database);
  return absl::OkStatus();
}

void SqliteStore::Disconnect() {
  tables_.reset();
  database_.reset();
}

}  // namespace

absl::StatusOr<std::unique_ptr<SessionStore>> OpenSqliteStore(const SqliteStoreOptions& options) {
  PENSTOCK_ASSIGN_OR_RETURN(auto file, StoreFile::Lock(options));
  PENSTOCK_ASSIGN_OR_RETURN(auto database, file->Connect());
  PENSTOCK_ASSIGN_OR_RETURN(auto tables, SessionTables::Prepare(*database));
  return std::make_unique<SqliteStore>(options.max_batch, std::move(file), std::move(database),
                                       std::move(tables));
}

}  // namespace penstock

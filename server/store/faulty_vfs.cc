#include "server/store/faulty_vfs.h"

#include <utility>

namespace penstock {

// What SQLite sees of an open file; the real one follows it in the same allocation.
struct FaultyVfs::File {
  sqlite3_file base;  // first: SQLite knows the address of this
  FaultyVfs* owner;
  const char* path;  // lives as long as the file is open; nullptr for a temporary file

  static File& Of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

FaultyVfs::FaultyVfs(const std::string& name)
    : name_(name), real_(*sqlite3_vfs_find(nullptr)), vfs_(real_) {
  vfs_.zName = name_.c_str();
  vfs_.pNext = nullptr;
  vfs_.pAppData = this;
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_.szOsFile;
  vfs_.xOpen = &FaultyVfs::Open;
  vfs_.xDelete = &FaultyVfs::Delete;
  sqlite3_vfs_register(&vfs_, 0);
}

FaultyVfs::~FaultyVfs() { sqlite3_vfs_unregister(&vfs_); }

FaultyVfs::Files FaultyVfs::Durable() const {
  MutexLock lock(&mutex_);
  return durable_;
}

std::vector<FaultyVfs::Change> FaultyVfs::Pending() const {
  MutexLock lock(&mutex_);
  return pending_;
}

void FaultyVfs::FailWritesAfter(int count, int code) {
  writes_left_ = count;
  failed_writes_ = 0;
  write_code_ = code;
}

bool FaultyVfs::FailsThisWrite() {
  if (write_code_ == SQLITE_OK || writes_left_-- > 0) return false;
  ++failed_writes_;
  return true;
}

void FaultyVfs::Changed(File& file, int64_t offset, std::string bytes, bool truncate) {
  if (file.path == nullptr) return;
  MutexLock lock(&mutex_);
  pending_.push_back({file.path, offset, std::move(bytes), truncate});
}

void FaultyVfs::BeforeSync(std::function<void()> hook) {
  MutexLock lock(&mutex_);
  before_sync_ = std::move(hook);
}

int FaultyVfs::Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags,
                    int* out_flags) {
  auto* owner = static_cast<FaultyVfs*>(vfs->pAppData);
  File& opened = File::Of(file);
  opened.owner = owner;
  opened.path = path;
  const int code = owner->real_.xOpen(&owner->real_, path, opened.real(), flags, out_flags);
  opened.base.pMethods = code == SQLITE_OK ? Methods() : nullptr;
  return code;
}

// Deleting is taken to be durable at once, as it is when SQLite asks for it.
int FaultyVfs::Delete(sqlite3_vfs* vfs, const char* path, int sync_directory) {
  auto* owner = static_cast<FaultyVfs*>(vfs->pAppData);
  const int code = owner->real_.xDelete(&owner->real_, path, sync_directory);
  MutexLock lock(&owner->mutex_);
  if (code != SQLITE_OK) return code;
  owner->durable_.erase(path);
  std::erase_if(owner->pending_, [&](const Change& change) { return change.path == path; });
  return code;
}

int FaultyVfs::Write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  File& opened = File::Of(file);
  FaultyVfs& owner = *opened.owner;
  if (owner.FailsThisWrite()) return owner.write_code_;
  const int code = opened.real()->pMethods->xWrite(opened.real(), bytes, size, offset);
  if (code == SQLITE_OK) {
    owner.Changed(opened, offset, {static_cast<const char*>(bytes), static_cast<size_t>(size)},
                  false);
  }
  return code;
}

int FaultyVfs::Truncate(sqlite3_file* file, sqlite3_int64 size) {
  File& opened = File::Of(file);
  const int code = opened.real()->pMethods->xTruncate(opened.real(), size);
  if (code == SQLITE_OK) opened.owner->Changed(opened, size, "", true);
  return code;
}

int FaultyVfs::Sync(sqlite3_file* file, int flags) {
  File& opened = File::Of(file);
  FaultyVfs& owner = *opened.owner;
  ++owner.syncs_;
  std::function<void()> hook;
  {
    MutexLock lock(&owner.mutex_);
    hook = owner.before_sync_;
  }
  if (hook) hook();
  if (const int code = owner.sync_code_; code != SQLITE_OK) return code;
  const int code = opened.real()->pMethods->xSync(opened.real(), flags);
  if (code == SQLITE_OK && opened.path != nullptr) owner.Synchronized(opened);
  return code;
}

void FaultyVfs::Synchronized(File& file) {
  sqlite3_file* real = file.real();
  sqlite3_int64 size = 0;
  real->pMethods->xFileSize(real, &size);
  std::string content(static_cast<size_t>(size), '\0');
  if (size > 0) real->pMethods->xRead(real, content.data(), static_cast<int>(size), 0);
  MutexLock lock(&mutex_);
  durable_[file.path] = std::move(content);
  std::erase_if(pending_, [&](const Change& change) { return change.path == file.path; });
}

// Version 1: no shared memory, which a store does not need, and every byte goes through xWrite.
const sqlite3_io_methods* FaultyVfs::Methods() {
  static constexpr auto kReal = [](sqlite3_file* file) { return File::Of(file).real(); };
  static const sqlite3_io_methods methods = [] {
    sqlite3_io_methods m = {};
    m.iVersion = 1;
    m.xClose = [](sqlite3_file* f) { return kReal(f)->pMethods->xClose(kReal(f)); };
    m.xRead = [](sqlite3_file* f, void* bytes, int size, sqlite3_int64 offset) {
      return kReal(f)->pMethods->xRead(kReal(f), bytes, size, offset);
    };
    m.xWrite = &FaultyVfs::Write;
    m.xTruncate = &FaultyVfs::Truncate;
    m.xSync = &FaultyVfs::Sync;
    m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
      return kReal(f)->pMethods->xFileSize(kReal(f), size);
    };
    m.xLock = [](sqlite3_file* f, int level) { return kReal(f)->pMethods->xLock(kReal(f), level); };
    m.xUnlock = [](sqlite3_file* f, int level) {
      return kReal(f)->pMethods->xUnlock(kReal(f), level);
    };
    m.xCheckReservedLock = [](sqlite3_file* f, int* held) {
      return kReal(f)->pMethods->xCheckReservedLock(kReal(f), held);
    };
    m.xFileControl = [](sqlite3_file* f, int operation, void* argument) {
      return kReal(f)->pMethods->xFileControl(kReal(f), operation, argument);
    };
    m.xSectorSize = [](sqlite3_file* f) { return kReal(f)->pMethods->xSectorSize(kReal(f)); };
    m.xDeviceCharacteristics = [](sqlite3_file* f) {
      return kReal(f)->pMethods->xDeviceCharacteristics(kReal(f));
    };
    return m;
  }();
  return &methods;
}

}  // namespace penstock

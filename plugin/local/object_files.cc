#include "plugin/local/object_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/checksum.h"
#include "base/error.h"
#include "base/status_macros.h"

namespace penstock::local {
namespace {

using Code = absl::StatusCode;

std::string Shown(const ObjectName& object) {
  return absl::StrCat("\"", absl::CHexEscape(object.key), "\" in bucket \"", object.bucket, "\"");
}

absl::Status NoSuchObject(const ObjectName& object) {
  return MakeError(Code::kNotFound, kReasonNoSuchObject,
                   absl::StrCat("local: there is no object ", Shown(object)),
                   {{"bucket", object.bucket}});
}

// Objects are plain files. A link is refused, never followed; a directory was made by others.
absl::Status CheckPlain(const struct stat& file) {
  if (S_ISREG(file.st_mode)) return absl::OkStatus();
  return FileError(S_ISLNK(file.st_mode) ? ELOOP : EISDIR, "use a plain file as the object");
}

absl::Status Unsuitable(const std::string& problem) {
  return MakeError(Code::kInvalidArgument, "BAD_REMOTE_OPTION",
                   absl::StrCat("backend \"local\": the file system of option \"root\" ", problem),
                   {{"backend", "local"}, {"option", "root"}});
}

absl::Status SetModifiedTime(int fd, absl::Time time) {
  const timespec times[2] = {{0, UTIME_OMIT}, absl::ToTimespec(time)};
  if (futimens(fd, times) != 0) return FileError(errno, "set the time of a file");
  return absl::OkStatus();
}

bool Exists(const absl::Status& status) { return IsFileError(status, EEXIST); }

// The bytes from `offset` on, at most `length`.
absl::StatusOr<std::shared_ptr<const Buffer>> ReadBuffer(int fd, int64_t offset, int64_t length) {
  constexpr int64_t kBlock = Buffer::kSlabSize;
  auto buffer = std::make_shared<Buffer>();
  while (length > 0) {
    const int64_t count = std::min(length, kBlock);
    PENSTOCK_ASSIGN_OR_RETURN(const std::string block,
                              ReadAt(fd, offset, static_cast<size_t>(count)));
    buffer->Append(block);
    if (std::ssize(block) < count) break;
    offset += count;
    length -= count;
  }
  return buffer;
}

}  // namespace

absl::Status ObjectFiles::ObjectExists() {
  return MakeError(Code::kAlreadyExists, kReasonObjectExists,
                   "local: there is an object of this name, and overwriting was forbidden");
}

absl::Status ObjectFiles::TooBusy() {
  return MakeError(Code::kUnavailable, kReasonUnavailable,
                   "local: others change the same object all the time", {}, absl::Seconds(1));
}

absl::StatusOr<TemporaryFile> ObjectFiles::NewFile(const ObjectName& object) {
  return work_.NewFile(TemporaryName({object.bucket, KeyHash(object.key)}, work_.NewSerial()));
}

absl::StatusOr<ObjectStat> ObjectFiles::Publish(TemporaryFile file, const ObjectRecord& record,
                                                bool forbid_overwrite) {
  const std::string path = ObjectPath(record.object);
  PENSTOCK_ASSIGN_OR_RETURN(const Fd parent, tree_.MakeDirectory(ParentOf(path)));
  absl::Status status = WriteRecord(file, record);
  if (status.ok()) status = Sync(file.fd());
  if (status.ok()) status = Replace(file, parent.get(), LeafOf(path), forbid_overwrite);
  // What has the temporary name now is garbage: what was displaced, or on an error the new file.
  if (!status.ok()) {
    DiscardObjectFile(tree_, file.directory(), file.name());
    return status;
  }
  // The displaced goes only when what displaced it is durable.
  PENSTOCK_RETURN_IF_ERROR(AsUnknownOutcome(Sync(parent.get())));
  DiscardObjectFile(tree_, file.directory(), file.name());
  PENSTOCK_ASSIGN_OR_RETURN(const struct stat published, StatFile(file.fd()));
  return StatOf(record, ModifiedTime(published));
}

// Gives the file a time whose record there is not yet, and writes that record.
absl::Status ObjectFiles::WriteRecord(const TemporaryFile& file, const ObjectRecord& record) {
  const std::string key_hash = KeyHash(record.object.key);
  PENSTOCK_ASSIGN_OR_RETURN(const Fd records,
                            tree_.MakeDirectory(RecordDirectory(record.object.bucket, key_hash)));
  PENSTOCK_ASSIGN_OR_RETURN(const TemporaryFile written,
                            work_.NewFile("record." + work_.NewSerial(), Encode(record)));
  absl::Time time = clock_.Now();
  for (int attempt = 0; attempt < kMostAttempts; ++attempt, time += absl::Nanoseconds(1)) {
    PENSTOCK_RETURN_IF_ERROR(SetModifiedTime(file.fd(), time));
    PENSTOCK_ASSIGN_OR_RETURN(const struct stat stamped, StatFile(file.fd()));
    const absl::Status linked =
        Rename(written.directory(), written.name(), records.get(), RecordName(key_hash, stamped),
               RENAME_NOREPLACE, "name the record of an object");
    if (Exists(linked)) continue;
    PENSTOCK_RETURN_IF_ERROR(linked);
    return Sync(records.get());
  }
  return TooBusy();
}

// Afterwards the file's temporary name is that of what was displaced, if there was something.
absl::Status ObjectFiles::Replace(const TemporaryFile& file, int parent, const std::string& leaf,
                                  bool forbid_overwrite) {
  constexpr char kAction[] = "publish an object";
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    const absl::Status created =
        Rename(file.directory(), file.name(), parent, leaf, RENAME_NOREPLACE, kAction);
    if (!Exists(created)) return created;
    const absl::StatusOr<struct stat> old = StatEntry(parent, leaf);
    if (absl::IsNotFound(old.status())) continue;
    PENSTOCK_RETURN_IF_ERROR(old.status());
    PENSTOCK_RETURN_IF_ERROR(CheckPlain(*old));
    if (forbid_overwrite) return ObjectExists();
    // Exchanging tells exactly what was displaced, whoever else is publishing.
    const absl::Status exchanged =
        Rename(file.directory(), file.name(), parent, leaf, RENAME_EXCHANGE, kAction);
    if (!absl::IsNotFound(exchanged)) return exchanged;
  }
  return TooBusy();
}

// The directory of an object's file. NO_SUCH_OBJECT where there is none.
absl::StatusOr<Fd> ObjectFiles::OpenParent(const ObjectName& object) const {
  absl::StatusOr<Fd> parent = tree_.OpenDirectory(ParentOf(ObjectPath(object)));
  if (absl::IsNotFound(parent.status())) return NoSuchObject(object);
  return parent;
}

absl::StatusOr<ObjectStat> ObjectFiles::Stat(const ObjectName& object) const {
  PENSTOCK_ASSIGN_OR_RETURN(const Fd parent, OpenParent(object));
  PENSTOCK_ASSIGN_OR_RETURN(ObjectStat stat,
                            StatUnsynced(parent.get(), LeafOf(ObjectPath(object)), object));
  // Whoever is publishing it may not have come to this yet; and callers rely on what they are told.
  PENSTOCK_RETURN_IF_ERROR(Sync(parent.get()));
  return stat;
}

absl::StatusOr<ObjectStat> ObjectFiles::StatUnsynced(int parent, const std::string& leaf,
                                                     const ObjectName& object) const {
  PENSTOCK_ASSIGN_OR_RETURN(const OpenObject found, Open(parent, leaf, object, O_PATH));
  return found.Stat();
}

// The object's file with its own record; `flags` as of open(2).
absl::StatusOr<ObjectFiles::OpenObject> ObjectFiles::Open(int parent, const std::string& leaf,
                                                          const ObjectName& object,
                                                          int flags) const {
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    // Kept open, so that its inode is not used again for another. Somebody's pipe is not waited
    // for.
    absl::StatusOr<Fd> file = OpenEntry(parent, leaf, flags | O_NONBLOCK, "open an object");
    if (absl::IsNotFound(file.status())) return NoSuchObject(object);
    PENSTOCK_RETURN_IF_ERROR(file.status());
    OpenObject opened{*std::move(file)};
    PENSTOCK_ASSIGN_OR_RETURN(opened.status, StatFile(opened.file.get()));
    PENSTOCK_RETURN_IF_ERROR(CheckPlain(opened.status));
    PENSTOCK_ASSIGN_OR_RETURN(opened.record, FindRecord(object, opened.status));
    if (opened.Is(StatEntry(parent, leaf))) return opened;
  }
  return TooBusy();
}

ObjectStat ObjectFiles::OpenObject::Stat() const {
  return record.has_value() ? StatOf(*record, ModifiedTime(status))
                            : StatOfForeign(status.st_size, ModifiedTime(status));
}

absl::Status ObjectFiles::OpenObject::CheckEtag(const std::string& etag) const {
  const std::string now = Stat().etag;
  if (etag.empty() || etag == now) return absl::OkStatus();
  return MakeError(
      Code::kFailedPrecondition, kReasonObjectChanged,
      absl::StrCat("local: the object's ETag is ", now, ", expected was ", absl::CHexEscape(etag)),
      {{"etag", now}});
}

// Whether `now` is of the same file, and nobody has changed it.
bool ObjectFiles::OpenObject::Is(const absl::StatusOr<struct stat>& now) const {
  return now.ok() && now->st_dev == status.st_dev && now->st_ino == status.st_ino &&
         now->st_size == status.st_size && ModifiedTime(*now) == ModifiedTime(status);
}

absl::StatusOr<ObjectBytes> ObjectFiles::Read(const ObjectName& object, int64_t offset,
                                              int64_t length, const std::string& etag) const {
  PENSTOCK_ASSIGN_OR_RETURN(const Fd parent, OpenParent(object));
  const std::string leaf = LeafOf(ObjectPath(object));
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    PENSTOCK_ASSIGN_OR_RETURN(const OpenObject found, Open(parent.get(), leaf, object, O_RDONLY));
    PENSTOCK_RETURN_IF_ERROR(found.CheckEtag(etag));
    PENSTOCK_ASSIGN_OR_RETURN(std::shared_ptr<const Buffer> bytes,
                              ReadBuffer(found.file.get(), offset, length));
    // Penstock replaces files, never bytes in one; others may.
    if (found.Is(StatFile(found.file.get()))) return ObjectBytes{found.Stat(), std::move(bytes)};
  }
  return TooBusy();
}

// The record of an object file; none where there is none, or a damaged one.
absl::StatusOr<std::optional<ObjectRecord>> ObjectFiles::FindRecord(const ObjectName& object,
                                                                    const struct stat& file) const {
  const std::string key_hash = KeyHash(object.key);
  const absl::StatusOr<Fd> records = tree_.OpenDirectory(RecordDirectory(object.bucket, key_hash));
  if (absl::IsNotFound(records.status())) return std::nullopt;
  PENSTOCK_RETURN_IF_ERROR(records.status());
  const absl::StatusOr<Fd> found = OpenEntry(records->get(), RecordName(key_hash, file), O_RDONLY,
                                             "open the record of an object");
  if (absl::IsNotFound(found.status())) return std::nullopt;
  PENSTOCK_RETURN_IF_ERROR(found.status());
  PENSTOCK_ASSIGN_OR_RETURN(const std::string text, ReadAll(found->get(), kMaxRecordBytes));
  std::optional<ObjectRecord> record = DecodeObjectRecord(text);
  if (!record.has_value() || record->object != object || record->size != file.st_size) {
    return std::nullopt;
  }
  return record;
}

absl::Status ObjectFiles::Delete(const ObjectName& object) { return Delete({{object}}).front(); }

std::vector<absl::Status> ObjectFiles::Delete(const std::vector<ObjectName>& objects) {
  std::map<std::string, std::vector<size_t>> by_directory;
  for (size_t i = 0; i < objects.size(); ++i) {
    by_directory[ParentOf(ObjectPath(objects[i]))].push_back(i);
  }
  std::vector<absl::Status> outcomes(objects.size());
  for (const auto& [directory, indices] : by_directory) {
    const absl::StatusOr<Fd> parent = tree_.OpenDirectory(directory);
    if (absl::IsNotFound(parent.status())) continue;
    std::vector<std::string> taken;
    for (const size_t i : indices) {
      outcomes[i] = parent.ok() ? TakeAway(parent->get(), objects[i], taken) : parent.status();
    }
    if (!parent.ok()) continue;
    // Also of what is not there: somebody else may just be removing it.
    const absl::Status synced = AsUnknownOutcome(Sync(parent->get()));
    for (const size_t i : indices) outcomes[i].Update(synced);
    if (!synced.ok()) continue;
    for (const std::string& name : taken) DiscardObjectFile(tree_, work_.directory(), name);
  }
  return outcomes;
}

// Moves the object's file, if there is one, to the work area whole, so that its record is known
// whoever else is publishing; its name there goes to `taken`.
absl::Status ObjectFiles::TakeAway(int parent, const ObjectName& object,
                                   std::vector<std::string>& taken) {
  const std::string leaf = LeafOf(ObjectPath(object));
  const absl::StatusOr<struct stat> found = StatEntry(parent, leaf);
  if (absl::IsNotFound(found.status())) return absl::OkStatus();
  PENSTOCK_RETURN_IF_ERROR(found.status());
  PENSTOCK_RETURN_IF_ERROR(CheckPlain(*found));
  const std::string name = TemporaryName({object.bucket, KeyHash(object.key)}, work_.NewSerial());
  const absl::Status renamed = Rename(parent, leaf, work_.directory(), name, 0, "remove an object");
  if (absl::IsNotFound(renamed)) return absl::OkStatus();
  PENSTOCK_RETURN_IF_ERROR(renamed);
  taken.push_back(name);
  return absl::OkStatus();
}

absl::Status CheckFileSystem(WorkArea& work) {
  PENSTOCK_ASSIGN_OR_RETURN(const TemporaryFile one, work.NewFile("probe." + work.NewSerial()));
  PENSTOCK_ASSIGN_OR_RETURN(const TemporaryFile two, work.NewFile("probe." + work.NewSerial()));
  const timespec times[2] = {{0, UTIME_OMIT}, {1'000'000'000, 123'456'789}};
  if (futimens(one.fd(), times) != 0) return FileError(errno, "set the time of a file");
  PENSTOCK_ASSIGN_OR_RETURN(const struct stat stamped, StatFile(one.fd()));
  if (stamped.st_mtim.tv_nsec != times[1].tv_nsec) {
    return Unsuitable("does not keep times in nanoseconds");
  }
  const int directory = work.directory();
  if (renameat2(directory, one.name().c_str(), directory, two.name().c_str(), RENAME_NOREPLACE) ==
          0 ||
      errno != EEXIST) {
    return Unsuitable("cannot rename without replacing");
  }
  if (renameat2(directory, one.name().c_str(), directory, two.name().c_str(), RENAME_EXCHANGE) !=
      0) {
    return Unsuitable("cannot exchange two files");
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> WriteBuffer(int fd, const Buffer& body) {
  uint64_t crc64 = 0;
  for (int64_t offset = 0; offset < body.size();) {
    const std::string_view bytes = body.Contiguous(offset);
    crc64 = ExtendCrc64(crc64, bytes);
    PENSTOCK_RETURN_IF_ERROR(WriteAll(fd, bytes));
    offset += static_cast<int64_t>(bytes.size());
  }
  if (crc64 == body.crc64()) return crc64;
  return MakeError(Code::kDataLoss, kReasonChecksumMismatch,
                   "local: bytes changed in memory while they were written");
}

}  // namespace penstock::local

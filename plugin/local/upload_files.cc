#include "plugin/local/upload_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/checksum.h"
#include "base/error.h"
#include "base/status_macros.h"

namespace penstock::local {
namespace {

using Code = absl::StatusCode;

constexpr size_t kIdBytes = 16;  // of an upload id, which has two digits for each

absl::Status NoSuchUpload(const std::string& upload_id) {
  return MakeError(Code::kNotFound, kReasonNoSuchUpload,
                   absl::StrCat("local: there is no upload \"", absl::CHexEscape(upload_id),
                                "\" of this object: it was completed, discarded, or never began"));
}

absl::Status InvalidPart(int32_t number, const std::string& problem) {
  return MakeError(Code::kFailedPrecondition, kReasonInvalidPart,
                   absl::StrCat("local: part ", number, " ", problem),
                   {{"part_number", absl::StrCat(number)}});
}

absl::Status Damaged(int32_t number) {
  return MakeError(Code::kDataLoss, kReasonChecksumMismatch,
                   absl::StrCat("local: the file of part ", number,
                                " is damaged: something else has changed it"),
                   {{"part_number", absl::StrCat(number)}});
}

// Ids go into paths.
bool IsUploadId(const std::string& upload_id) {
  return upload_id.size() == 2 * kIdBytes &&
         upload_id.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// Writes the bytes of a part and what describes them.
absl::Status WritePart(int fd, const Buffer& body) {
  PENSTOCK_ASSIGN_OR_RETURN(const uint64_t crc64, WriteBuffer(fd, body));
  PENSTOCK_RETURN_IF_ERROR(WriteAll(fd, Encode(PartFooter{body.size(), crc64})));
  return Sync(fd);
}

// What the file of part `number` holds.
absl::StatusOr<PartFooter> ReadFooter(int fd, int32_t number) {
  PENSTOCK_ASSIGN_OR_RETURN(const struct stat file, StatFile(fd));
  const int64_t size = file.st_size - PartFooter::kBytes;
  if (size < 0) return Damaged(number);
  PENSTOCK_ASSIGN_OR_RETURN(const std::string bytes, ReadAt(fd, size, PartFooter::kBytes));
  const std::optional<PartFooter> footer = DecodePartFooter(bytes);
  if (!footer.has_value() || footer->size != size) return Damaged(number);
  return *footer;
}

auto SortKey(const ListedUpload& upload) { return std::tie(upload.key, upload.upload_id); }

// Keys hold any character, so pages are named by what no key can break.
std::string EncodePage(const ListedUpload& last) {
  return absl::StrCat(absl::BytesToHexString(last.key), ".", last.upload_id);
}

absl::StatusOr<ListedUpload> DecodePage(const std::string& page) {
  const size_t dot = page.find('.');
  const bool good =
      dot != page.npos && dot % 2 == 0 && page.find_first_not_of("0123456789abcdef") == dot;
  if (!good) {
    return MakeError(Code::kInvalidArgument, kReasonRejected,
                     "local: `page` must be the next_page of an answer before");
  }
  ListedUpload last;
  last.key = absl::HexStringToBytes(page.substr(0, dot));
  last.upload_id = page.substr(dot + 1);
  return last;
}

}  // namespace

absl::StatusOr<std::string> UploadFiles::Initiate(const UploadRecord& record) {
  const std::string& bucket = record.object.bucket;
  PENSTOCK_ASSIGN_OR_RETURN(const Fd uploads, tree_.MakeDirectory(UploadsOf(bucket)));
  const std::string id = ToHex(random_.Bytes(kIdBytes));
  // Made whole beside, so that no upload is ever without its record.
  const std::string name = absl::StrCat("upload.", work_.NewSerial());
  if (mkdirat(work_.directory(), name.c_str(), 0777) != 0) {
    return FileError(errno, "make the directory of an upload");
  }
  const auto make = [&]() -> absl::Status {
    PENSTOCK_ASSIGN_OR_RETURN(const Fd fresh, OpenEntry(work_.directory(), name,
                                                        O_RDONLY | O_DIRECTORY, "open an upload"));
    PENSTOCK_ASSIGN_OR_RETURN(const Fd file,
                              OpenEntry(fresh.get(), kUploadRecordName, O_WRONLY | O_CREAT | O_EXCL,
                                        "make an upload's record"));
    PENSTOCK_RETURN_IF_ERROR(WriteAll(file.get(), Encode(record)));
    PENSTOCK_RETURN_IF_ERROR(Sync(file.get()));
    PENSTOCK_RETURN_IF_ERROR(Sync(fresh.get()));
    return Rename(work_.directory(), name, uploads.get(), id, RENAME_NOREPLACE, "begin an upload");
  };
  if (const absl::Status made = make(); !made.ok()) {
    RemoveAll(work_.directory(), name);
    return made;
  }
  PENSTOCK_RETURN_IF_ERROR(AsUnknownOutcome(Sync(uploads.get())));
  return id;
}

absl::StatusOr<std::string> UploadFiles::StorePart(const ObjectName& object,
                                                   const std::string& upload_id, int32_t number,
                                                   const Buffer& body) {
  PENSTOCK_ASSIGN_OR_RETURN(const OpenUpload upload, Find(object, upload_id));
  PENSTOCK_ASSIGN_OR_RETURN(const TemporaryFile file,
                            work_.NewFile(absl::StrCat("part.", work_.NewSerial())));
  PENSTOCK_RETURN_IF_ERROR(WritePart(file.fd(), body));
  const absl::Status stored = Rename(file.directory(), file.name(), upload.directory.get(),
                                     absl::StrCat(number), 0, "store a part");
  if (!stored.ok()) {
    PENSTOCK_RETURN_IF_ERROR(Find(object, upload_id).status());  // removed meanwhile
    return stored;
  }
  PENSTOCK_RETURN_IF_ERROR(AsUnknownOutcome(Sync(upload.directory.get())));
  // It may have ended meanwhile, and its directory may be about to be cleared.
  PENSTOCK_RETURN_IF_ERROR(Find(object, upload_id).status());
  return ContentEtag(body.crc64(), body.size());
}

absl::StatusOr<ObjectStat> UploadFiles::Complete(const ObjectName& object,
                                                 const std::string& upload_id,
                                                 const std::vector<PartReference>& parts,
                                                 bool forbid_overwrite) {
  PENSTOCK_ASSIGN_OR_RETURN(const OpenUpload upload, Find(object, upload_id));
  PENSTOCK_ASSIGN_OR_RETURN(TemporaryFile file, objects_.NewFile(object));
  const absl::StatusOr<ObjectRecord> record = Assemble(upload, parts, file.fd());
  // If it ended meanwhile, by another call, then that is what is to say; and nothing is published.
  PENSTOCK_RETURN_IF_ERROR(Find(object, upload_id).status());
  PENSTOCK_RETURN_IF_ERROR(record.status());
  PENSTOCK_ASSIGN_OR_RETURN(ObjectStat published,
                            objects_.Publish(std::move(file), *record, forbid_overwrite));
  // Only now that the object is durable: until here a crash leaves all parts.
  PENSTOCK_RETURN_IF_ERROR(AsUnknownOutcome(Remove(object.bucket, upload_id)));
  return published;
}

// Writes the parts one behind the other, after a look at all of them: a wrong one is no reason to
// copy what comes before it. What a disk has done to one since it was stored is not published.
absl::StatusOr<ObjectRecord> UploadFiles::Assemble(const OpenUpload& upload,
                                                   const std::vector<PartReference>& parts,
                                                   int target) const {
  ObjectRecord record;
  record.object = upload.record.object;
  record.attributes = upload.record.attributes;
  record.mark = upload.record.mark;
  for (const PartReference& part : parts) {
    PENSTOCK_ASSIGN_OR_RETURN(const OpenPart found, Find(upload, part));
    record.crc64 = CombineCrc64(record.crc64, found.footer.crc64, found.footer.size);
    record.size += found.footer.size;
  }
  for (const PartReference& part : parts) {
    PENSTOCK_ASSIGN_OR_RETURN(const OpenPart found, Find(upload, part));
    PENSTOCK_RETURN_IF_ERROR(AppendFile(found.file.get(), found.footer.size, target));
    PENSTOCK_ASSIGN_OR_RETURN(const uint64_t crc64,
                              ReadThrough(found.file.get(), found.footer.size, kNowhere));
    if (crc64 != found.footer.crc64) return Damaged(part.number);
  }
  return record;
}

// The part of that number and ETag: of those bytes, therefore.
absl::StatusOr<UploadFiles::OpenPart> UploadFiles::Find(const OpenUpload& upload,
                                                        const PartReference& part) const {
  absl::StatusOr<Fd> file =
      OpenEntry(upload.directory.get(), absl::StrCat(part.number), O_RDONLY, "open a part");
  if (absl::IsNotFound(file.status())) return InvalidPart(part.number, "was not uploaded");
  PENSTOCK_RETURN_IF_ERROR(file.status());
  PENSTOCK_ASSIGN_OR_RETURN(const PartFooter footer, ReadFooter(file->get(), part.number));
  const std::string etag = ContentEtag(footer.crc64, footer.size);
  if (etag != part.etag) {
    return InvalidPart(part.number, absl::StrCat("has the ETag ", etag, ", expected was ",
                                                 absl::CHexEscape(part.etag)));
  }
  return OpenPart{*std::move(file), footer};
}

absl::Status UploadFiles::Abort(const ObjectName& object, const std::string& upload_id) {
  const absl::StatusOr<OpenUpload> upload = Find(object, upload_id);
  if (ErrorReason(upload.status()) == kReasonNoSuchUpload) return absl::OkStatus();
  PENSTOCK_RETURN_IF_ERROR(upload.status());
  return Remove(object.bucket, upload_id);
}

// Takes the upload away by one rename, and then to pieces. OK when it is not there.
absl::Status UploadFiles::Remove(const std::string& bucket, const std::string& upload_id) {
  const absl::StatusOr<Fd> uploads = tree_.OpenDirectory(UploadsOf(bucket));
  if (absl::IsNotFound(uploads.status())) return absl::OkStatus();
  PENSTOCK_RETURN_IF_ERROR(uploads.status());
  const std::string garbage = absl::StrCat("upload.", work_.NewSerial());
  const absl::Status taken =
      Rename(uploads->get(), upload_id, work_.directory(), garbage, 0, "remove an upload");
  if (!taken.ok() && !absl::IsNotFound(taken)) return taken;
  PENSTOCK_RETURN_IF_ERROR(AsUnknownOutcome(Sync(uploads->get())));
  RemoveAll(work_.directory(), garbage);
  return absl::OkStatus();
}

absl::StatusOr<UploadFiles::OpenUpload> UploadFiles::Open(const std::string& bucket,
                                                          const std::string& upload_id) const {
  if (!IsUploadId(upload_id)) return NoSuchUpload(upload_id);
  absl::StatusOr<Fd> directory = tree_.OpenDirectory(UploadPath(bucket, upload_id));
  if (absl::IsNotFound(directory.status())) return NoSuchUpload(upload_id);
  PENSTOCK_RETURN_IF_ERROR(directory.status());
  const absl::StatusOr<Fd> file =
      OpenEntry(directory->get(), kUploadRecordName, O_RDONLY, "open an upload's record");
  if (absl::IsNotFound(file.status())) return NoSuchUpload(upload_id);
  PENSTOCK_RETURN_IF_ERROR(file.status());
  PENSTOCK_ASSIGN_OR_RETURN(const std::string text, ReadAll(file->get(), kMaxRecordBytes));
  std::optional<UploadRecord> record = DecodeUploadRecord(text);
  if (!record.has_value()) {
    return MakeError(Code::kDataLoss, kReasonChecksumMismatch,
                     absl::StrCat("local: the record of upload \"", upload_id,
                                  "\" is damaged: something else has changed it"));
  }
  return OpenUpload{*std::move(directory), *std::move(record)};
}

// The upload, if it is one of `object`.
absl::StatusOr<UploadFiles::OpenUpload> UploadFiles::Find(const ObjectName& object,
                                                          const std::string& upload_id) const {
  PENSTOCK_ASSIGN_OR_RETURN(OpenUpload upload, Open(object.bucket, upload_id));
  if (upload.record.object != object) return NoSuchUpload(upload_id);
  return upload;
}

absl::StatusOr<std::vector<ListedPart>> UploadFiles::ListParts(const ObjectName& object,
                                                               const std::string& upload_id) const {
  PENSTOCK_ASSIGN_OR_RETURN(const OpenUpload upload, Find(object, upload_id));
  PENSTOCK_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                            ListDirectory(upload.directory.get()));
  std::vector<ListedPart> parts;
  for (const std::string& name : names) {
    ListedPart part;
    if (!absl::SimpleAtoi(name, &part.number)) continue;
    const absl::StatusOr<Fd> file =
        OpenEntry(upload.directory.get(), name, O_RDONLY, "open a part");
    if (absl::IsNotFound(file.status())) continue;
    PENSTOCK_RETURN_IF_ERROR(file.status());
    PENSTOCK_ASSIGN_OR_RETURN(const PartFooter footer, ReadFooter(file->get(), part.number));
    part.size = footer.size;
    part.etag = ContentEtag(footer.crc64, footer.size);
    part.crc64 = footer.crc64;
    parts.push_back(std::move(part));
  }
  std::sort(parts.begin(), parts.end(),
            [](const ListedPart& a, const ListedPart& b) { return a.number < b.number; });
  return parts;
}

absl::StatusOr<ListedUploads> UploadFiles::List(const std::string& bucket,
                                                const std::string& prefix, const std::string& page,
                                                size_t page_size) const {
  ListedUpload after;
  if (!page.empty()) {
    PENSTOCK_ASSIGN_OR_RETURN(after, DecodePage(page));
  }
  ListedUploads answer;
  const absl::StatusOr<Fd> directory = tree_.OpenDirectory(UploadsOf(bucket));
  if (absl::IsNotFound(directory.status())) return answer;
  PENSTOCK_RETURN_IF_ERROR(directory.status());
  PENSTOCK_ASSIGN_OR_RETURN(const std::vector<std::string> ids, ListDirectory(directory->get()));
  for (const std::string& id : ids) {
    const absl::StatusOr<OpenUpload> found = Open(bucket, id);
    if (ErrorReason(found.status()) == kReasonNoSuchUpload) continue;
    PENSTOCK_RETURN_IF_ERROR(found.status());
    ListedUpload upload{found->record.object.key, id, found->record.initiate_time};
    if (!absl::StartsWith(upload.key, prefix)) continue;
    if (page.empty() || SortKey(upload) > SortKey(after)) answer.uploads.push_back(upload);
  }
  std::sort(answer.uploads.begin(), answer.uploads.end(),
            [](const auto& a, const auto& b) { return SortKey(a) < SortKey(b); });
  if (answer.uploads.size() > page_size) {
    answer.uploads.resize(page_size);
    answer.next_page = EncodePage(answer.uploads.back());
  }
  return answer;
}

}  // namespace penstock::local

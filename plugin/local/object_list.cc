// Keys in the order of bytes, out of directories that have their names in none.
//
// Sorting each directory is not enough. "a.b" comes between "a" and "a/b", and "a!" before all of
// them, so a directory takes its place as what its keys begin with, "/" included. And a long name
// that goes on in a directory of its own ("xx%c") may have keys on both sides of a short one beside
// it: with x...x of 250 bytes, x...x%01 goes on in a directory and x...xx does not fit into the
// place that %01 had not. So all that is known waits in one queue, ordered by the least key that it
// can have: a file by its key, a directory by what its keys begin with. Whatever comes out first is
// told if it is a file, and read, its names joining the queue, if it is a directory. So nothing is
// read before it is its turn, and what waits are the names of directories on the path only.
//
// Of a directory only the least names wait, not many more than a page has. What is beyond them
// waits as one entry, by the least key of it; when its turn comes, the directory is read again from
// there on. So names are many that are looked at only to be passed over: nothing is made of them.

#include "plugin/local/object_list.h"

#include <algorithm>
#include <cerrno>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "plugin/local/key_path.h"
#include "plugin/object_rules.h"

namespace penstock::local {
namespace {

constexpr size_t kSpareNames = 1000;  // of a directory that are kept, beyond those for a page
constexpr size_t kMaxKeyBytes = 1023;
constexpr absl::Duration kRest = absl::Minutes(1);
constexpr size_t kMostSyncs = 16;  // of single directories; beyond them one of all costs less

// What waits for its turn.
struct Entry {
  enum class Kind { kFile, kDirectory };

  std::string least;  // the key; or what no key in it comes before
  Kind kind = Kind::kFile;
  std::string path;    // beneath the bucket
  std::string prefix;  // of a directory: what its keys begin with
};

struct ComesLater {
  bool operator()(const Entry& a, const Entry& b) const { return a.least > b.least; }
};
struct ComesFirst {
  bool operator()(const Entry& a, const Entry& b) const { return a.least < b.least; }
};

std::string Joined(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : absl::StrCat(directory, "/", name);
}

// What the names of a directory add to its keys.
class Names {
 public:
  explicit Names(const Entry& directory) : directory_(directory) {}

  // Looks at a name. False where no key has it, as an entry of that type.
  bool Parse(const std::string& name, EntryType type) {
    const std::optional<PathPiece> piece = ParseComponent(name);
    if (!piece.has_value()) return false;
    is_file_ = piece->kind == PathPiece::Kind::kFile;
    if (type != (is_file_ ? EntryType::kFile : EntryType::kDirectory)) return false;
    key_ = directory_.prefix;
    key_ += piece->bytes;
    if (piece->kind == PathPiece::Kind::kDirectory) key_ += '/';
    return key_.size() <= kMaxKeyBytes;
  }

  // Of the name that was looked at last: the key, or what its keys begin with.
  const std::string& key() const { return key_; }
  bool is_file() const { return is_file_; }

  // The same, to wait for its turn.
  Entry MakeEntry(const std::string& name) const {
    return {key_, is_file_ ? Entry::Kind::kFile : Entry::Kind::kDirectory,
            Joined(directory_.path, name), key_};
  }

 private:
  const Entry& directory_;
  std::string key_;
  bool is_file_ = false;
};

// The least entries of a directory, and what the others begin with.
class LeastEntries {
 public:
  explicit LeastEntries(size_t most) : most_(most) {}

  // Whether an entry of that key would be kept, for now.
  bool Takes(const std::string& key) const { return !rest_.has_value() || key < *rest_; }

  void Add(Entry entry) {
    entries_.push_back(std::move(entry));
    if (entries_.size() >= 2 * most_) DropGreatest();
  }

  void DropGreatest() {
    if (entries_.size() <= most_) return;
    const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(most_);
    std::nth_element(entries_.begin(), end, entries_.end(), ComesFirst());
    rest_ = end->least;  // lower than before: what was taken since then is
    entries_.erase(end, entries_.end());
  }

  std::vector<Entry>& entries() { return entries_; }
  const std::optional<std::string>& rest() const { return rest_; }  // least of those not kept

 private:
  const size_t most_;
  std::vector<Entry> entries_;
  std::optional<std::string> rest_;
};

// Whether nothing was put into the directory, or taken from it, for long. By the system's clock:
// its time is of that.
bool IsAtRest(const struct stat& directory) {
  return absl::TimeFromTimespec(directory.st_ctim) + kRest < absl::Now();
}

// Nothing to be listed: it went meanwhile, or others put something else there.
bool IsNoDirectory(const absl::Status& status) {
  return IsFileError(status, ENOENT) || IsFileError(status, ENOTDIR) || IsFileError(status, ELOOP);
}

// One page.
class Page {
 public:
  Page(const Tree& tree, const ObjectFiles& objects, const ListQuery& query, std::string after)
      : tree_(tree), objects_(objects), query_(query), after_(std::move(after)) {
    after_whole_prefix_ = IsPrefix(after_);
  }

  absl::StatusOr<ListedObjects> List();

 private:
  bool IsPrefix(const std::string& text) const;
  bool MayTell(const std::string& begin, bool is_file) const;
  absl::StatusOr<Fd> Open(const std::string& path) const;
  absl::Status Visit(const Entry& entry);
  absl::Status Enter(const Entry& directory);
  absl::Status TellObject(const Entry& file);
  absl::StatusOr<bool> HasObject(const Entry& directory) const;
  absl::Status SyncTold() const;

  size_t told() const { return answer_.objects.size() + answer_.prefixes.size(); }

  const Tree& tree_;
  const ObjectFiles& objects_;
  const ListQuery& query_;

  std::string after_;  // the last that was told
  bool after_whole_prefix_ = false;
  bool is_full_ = false;
  std::priority_queue<Entry, std::vector<Entry>, ComesLater> waiting_;
  ListedObjects answer_;

  std::string parent_path_;  // of the object that was told last
  std::optional<Fd> parent_;
  std::set<std::string> parents_;  // of all objects that were told
};

// Whether this is told in place of all keys that begin with it.
bool Page::IsPrefix(const std::string& text) const {
  return !query_.delimiter.empty() && text.size() > query_.prefix.size() && text.ends_with('/');
}

// Whether the file of the key `begin`, or something in the directory whose keys begin with it, is
// of the prefix and was not told before.
bool Page::MayTell(const std::string& begin, bool is_file) const {
  if (!absl::StartsWith(begin, query_.prefix) &&
      (is_file || !absl::StartsWith(query_.prefix, begin))) {
    return false;
  }
  if (after_.empty()) return true;
  if (after_whole_prefix_ && absl::StartsWith(begin, after_)) return false;
  return begin > after_ || (!is_file && absl::StartsWith(after_, begin));
}

absl::StatusOr<Fd> Page::Open(const std::string& path) const {
  return tree_.OpenDirectory(Joined(query_.bucket, path));
}

absl::StatusOr<ListedObjects> Page::List() {
  Entry start;
  start.kind = Entry::Kind::kDirectory;
  // Straight to the directory that all keys of the prefix lie in.
  const size_t slash = query_.prefix.rfind('/');
  if (slash != query_.prefix.npos) start.prefix = query_.prefix.substr(0, slash + 1);
  start.path = KeyDirectory(start.prefix);
  waiting_.push(start);
  while (!waiting_.empty() && !is_full_) {
    const Entry next = waiting_.top();
    waiting_.pop();
    if (MayTell(next.prefix, next.kind == Entry::Kind::kFile))
      PENSTOCK_RETURN_IF_ERROR(Visit(next));
  }
  PENSTOCK_RETURN_IF_ERROR(SyncTold());
  return std::move(answer_);
}

absl::Status Page::Visit(const Entry& entry) {
  if (entry.kind == Entry::Kind::kFile) return TellObject(entry);
  if (!IsPrefix(entry.prefix)) return Enter(entry);
  PENSTOCK_ASSIGN_OR_RETURN(const bool has_object, HasObject(entry));
  if (!has_object) return absl::OkStatus();
  if (told() == static_cast<size_t>(query_.limit)) {
    is_full_ = true;
    answer_.next_page = absl::BytesToHexString(after_);
    return absl::OkStatus();
  }
  answer_.prefixes.push_back(entry.prefix);
  after_ = entry.prefix;
  after_whole_prefix_ = true;
  return absl::OkStatus();
}

// Lets the names of a directory join the queue, from its `least` on.
absl::Status Page::Enter(const Entry& directory) {
  const absl::StatusOr<Fd> fd = Open(directory.path);
  if (IsNoDirectory(fd.status())) return absl::OkStatus();
  PENSTOCK_RETURN_IF_ERROR(fd.status());
  Names names(directory);
  LeastEntries least(static_cast<size_t>(query_.limit) + kSpareNames);
  PENSTOCK_RETURN_IF_ERROR(VisitDirectory(fd->get(), [&](const std::string& name, EntryType type) {
    if (names.Parse(name, type) && names.key() >= directory.least && least.Takes(names.key()) &&
        MayTell(names.key(), names.is_file())) {
      least.Add(names.MakeEntry(name));
    }
    return true;
  }));
  least.DropGreatest();
  for (Entry& entry : least.entries()) waiting_.push(std::move(entry));
  if (!least.rest().has_value()) return absl::OkStatus();
  Entry again = directory;
  again.least = *least.rest();
  waiting_.push(std::move(again));
  return absl::OkStatus();
}

absl::Status Page::TellObject(const Entry& file) {
  if (PathToKey(file.path) != file.least) return absl::OkStatus();
  const std::string parent_path = ParentOf(file.path);
  if (!parent_.has_value() || parent_path != parent_path_) {
    absl::StatusOr<Fd> parent = Open(parent_path);
    if (IsNoDirectory(parent.status())) return absl::OkStatus();
    PENSTOCK_RETURN_IF_ERROR(parent.status());
    parent_ = *std::move(parent);
    parent_path_ = parent_path;
  }
  absl::StatusOr<ObjectStat> stat =
      objects_.StatUnsynced(parent_->get(), LeafOf(file.path), {query_.bucket, file.least});
  if (ErrorReason(stat.status()) == kReasonNoSuchObject) return absl::OkStatus();
  PENSTOCK_RETURN_IF_ERROR(stat.status());
  if (told() == static_cast<size_t>(query_.limit)) {
    is_full_ = true;
    answer_.next_page = absl::BytesToHexString(after_);
    return absl::OkStatus();
  }
  answer_.objects.push_back({file.least, *std::move(stat), /*complete=*/true});
  parents_.insert(parent_path);
  after_ = file.least;
  after_whole_prefix_ = false;
  return absl::OkStatus();
}

// Whether there is any, however deep.
absl::StatusOr<bool> Page::HasObject(const Entry& directory) const {
  const absl::StatusOr<Fd> fd = Open(directory.path);
  if (IsNoDirectory(fd.status())) return false;
  PENSTOCK_RETURN_IF_ERROR(fd.status());
  bool found = false;
  Names names(directory);
  std::vector<Entry> inner;
  PENSTOCK_RETURN_IF_ERROR(VisitDirectory(fd->get(), [&](const std::string& name, EntryType type) {
    if (!names.Parse(name, type)) return true;
    if (names.is_file()) {
      found = PathToKey(Joined(directory.path, name)) == names.key();
    } else {
      inner.push_back(names.MakeEntry(name));
    }
    return !found;
  }));
  for (size_t i = 0; i < inner.size() && !found; ++i) {
    PENSTOCK_ASSIGN_OR_RETURN(found, HasObject(inner[i]));
  }
  return found;
}

// Whoever is publishing an object that was told may not have come to this yet. A listing is of many
// directories, and most of them are long at rest: who changes one syncs it right away, and what a
// process does not because it died the file system writes within seconds.
absl::Status Page::SyncTold() const {
  std::vector<Fd> restless;
  for (const std::string& path : parents_) {
    absl::StatusOr<Fd> fd = Open(path);
    if (IsNoDirectory(fd.status())) continue;
    PENSTOCK_RETURN_IF_ERROR(fd.status());
    PENSTOCK_ASSIGN_OR_RETURN(const struct stat directory, StatFile(fd->get()));
    if (IsAtRest(directory)) continue;
    restless.push_back(*std::move(fd));
    if (restless.size() > kMostSyncs) return SyncFileSystem(tree_.root());
  }
  for (const Fd& fd : restless) PENSTOCK_RETURN_IF_ERROR(Sync(fd.get()));
  return absl::OkStatus();
}

absl::Status Rejected(const std::string& message) {
  return MakeError(absl::StatusCode::kInvalidArgument, kReasonRejected, "local: " + message);
}

// Keys hold any character, so pages are named by the digits of the last that was told.
absl::StatusOr<std::string> DecodePage(const std::string& page) {
  if (page.size() % 2 == 0 && page.find_first_not_of("0123456789abcdef") == page.npos) {
    return absl::HexStringToBytes(page);
  }
  return Rejected("`page` must be the next_page of an answer before");
}

}  // namespace

absl::StatusOr<ListedObjects> ListObjects(const Tree& tree, const ObjectFiles& objects,
                                          const ListQuery& query) {
  if (query.limit < 1 || !(query.delimiter.empty() || query.delimiter == "/")) {
    return Rejected("`limit` must be at least 1 and `delimiter` empty or \"/\"");
  }
  PENSTOCK_ASSIGN_OR_RETURN(std::string after, DecodePage(query.page));
  if (query.prefix.size() > kMaxKeyBytes) return ListedObjects();
  return Page(tree, objects, query, std::move(after)).List();
}

absl::StatusOr<std::vector<ListedBucket>> ListBuckets(const Tree& tree) {
  std::vector<ListedBucket> buckets;
  PENSTOCK_RETURN_IF_ERROR(
      VisitDirectory(tree.root(), [&](const std::string& name, EntryType type) {
        if (type != EntryType::kDirectory || !CheckBucketName(name).ok()) return true;
        ListedBucket bucket;
        bucket.name = name;
        bucket.create_time = BirthTime(tree.root(), name).value_or(absl::InfinitePast());
        buckets.push_back(std::move(bucket));
        return true;
      }));
  std::sort(buckets.begin(), buckets.end(),
            [](const ListedBucket& a, const ListedBucket& b) { return a.name < b.name; });
  return buckets;
}

}  // namespace penstock::local

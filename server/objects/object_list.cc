// A page is made in up to three steps, which begin anew with a smaller page when it has become too
// large:
//
//   where only the way to the allowed keys is to be told: is there anything below it?
//   List of the backend
//   where all is wanted: Stat of what it leaves open

#include "server/objects/object_list.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/page_token.h"
#include "base/status_macros.h"
#include "base/utf8.h"
#include "server/objects/describe.h"
#include "server/objects/object_errors.h"

namespace penstock {
namespace {

constexpr size_t kMaxPrefixBytes = 1023;

// Clients take messages of 4 MiB unless they say otherwise.
constexpr size_t kMostPageBytes = size_t{3} << 20;

absl::Status CheckQuery(const ObjectQuery& query) {
  PENSTOCK_RETURN_IF_ERROR(CheckBucketName(query.bucket));
  if (query.prefix.size() > kMaxPrefixBytes || !IsUtf8(query.prefix) ||
      absl::StrContains(query.prefix, '\0')) {
    return object_errors::BadPrefix(query.prefix);
  }
  if (!query.delimiter.empty() && query.delimiter != "/") {
    return object_errors::BadDelimiter(query.delimiter);
  }
  if (query.page_size < 0 || query.page_size > kMaxObjectPage) {
    return object_errors::BadPageSize(kMaxObjectPage, query.page_size);
  }
  return absl::OkStatus();
}

std::string TextOf(const ObjectQuery& query, const std::string& page) {
  std::string text = "penstock.objects.v1";
  for (const std::string& field :
       {query.remote, query.bucket, query.prefix, query.delimiter, page}) {
    absl::StrAppend(&text, field.size(), ":", field);
  }
  return text;
}

// About what an entry takes in a message.
size_t BytesOf(const ListedObject& object) {
  constexpr size_t kFixed = 256;
  const ObjectStat& stat = object.stat;
  size_t bytes = kFixed + object.key.size() + stat.content_type.size() + stat.etag.size() +
                 stat.cache_control.size() + stat.content_disposition.size() +
                 stat.content_encoding.size();
  for (const auto& [name, value] : stat.metadata) bytes += name.size() + value.size() + 8;
  return bytes;
}

size_t BytesOf(const ListedObjects& page) {
  size_t bytes = 0;
  for (const ListedObject& object : page.objects) bytes += BytesOf(object);
  for (const std::string& prefix : page.prefixes) bytes += prefix.size() + 8;
  return bytes;
}

// One call; alive as long as something is under way.
class ListCall : public std::enable_shared_from_this<ListCall> {
 public:
  ListCall(Backend& backend, ObjectQuery query, std::string allowed_prefix, Done<ObjectPage> done)
      : backend_(backend),
        query_(std::move(query)),
        allowed_prefix_(std::move(allowed_prefix)),
        done_(std::move(done)) {}

  void Begin(const std::string& page) {
    ListQuery list;
    list.bucket = query_.bucket;
    list.prefix = allowed_prefix_;
    const std::optional<std::string> way = Way();
    if (way.has_value()) return LookBelow(*way, list, "");
    list.delimiter = query_.delimiter;
    list.page = page;
    List(list, query_.page_size == 0 ? kMaxObjectPage : query_.page_size);
  }

 private:
  // The common prefix that leads from the requested prefix towards the allowed one, where no
  // allowed key lies directly under the former.
  std::optional<std::string> Way() const {
    if (query_.delimiter.empty()) return std::nullopt;
    const size_t at = allowed_prefix_.find(query_.delimiter, query_.prefix.size());
    if (at == std::string::npos) return std::nullopt;
    return allowed_prefix_.substr(0, at + query_.delimiter.size());
  }

  void LookBelow(const std::string& way, ListQuery list, const std::string& page) {
    list.page = page;
    list.limit = 1;
    backend_.List(list,
                  [self = shared_from_this(), way, list](absl::StatusOr<ListedObjects> listed) {
                    if (!listed.ok()) return self->Answer(listed.status());
                    if (listed->objects.empty() && !listed->next_page.empty()) {
                      return self->LookBelow(way, list, listed->next_page);
                    }
                    ObjectPage answer;
                    if (!listed->objects.empty()) answer.prefixes.push_back(way);
                    self->Answer(std::move(answer));
                  });
  }

  void List(ListQuery list, int32_t limit) {
    list.limit = limit;
    backend_.List(list, [self = shared_from_this(), list](absl::StatusOr<ListedObjects> listed) {
      if (!listed.ok()) return self->Answer(listed.status());
      self->OnListed(list, *std::move(listed));
    });
  }

  void OnListed(const ListQuery& list, ListedObjects listed) {
    std::erase_if(listed.objects, [](const ListedObject& o) { return !IsUtf8(o.key); });
    std::erase_if(listed.prefixes, [](const std::string& prefix) { return !IsUtf8(prefix); });
    if (!query_.full) return OnDescribed(list, std::move(listed));
    std::vector<ListedObject> objects = std::exchange(listed.objects, {});
    Describe(backend_, query_.bucket, std::move(objects),
             [self = shared_from_this(), list, listed = std::move(listed)](
                 absl::StatusOr<std::vector<ListedObject>> described) mutable {
               if (!described.ok()) return self->Answer(described.status());
               listed.objects = *std::move(described);
               self->OnDescribed(list, std::move(listed));
             });
  }

  void OnDescribed(const ListQuery& list, ListedObjects listed) {
    const size_t count = listed.objects.size() + listed.prefixes.size();
    if (count > 1 && BytesOf(listed) > kMostPageBytes) {
      return List(list, static_cast<int32_t>(count / 2));
    }
    ObjectPage page;
    page.objects = std::move(listed.objects);
    page.prefixes = std::move(listed.prefixes);
    if (!listed.next_page.empty()) {
      page.next_page_token = MakePageToken(
          listed.next_page, [this](const std::string& next) { return TextOf(query_, next); });
    }
    Answer(std::move(page));
  }

  void Answer(absl::StatusOr<ObjectPage> answer) { std::move(done_)(std::move(answer)); }

  Backend& backend_;
  const ObjectQuery query_;
  const std::string allowed_prefix_;
  Done<ObjectPage> done_;
};

// The prefix of the allowed keys that are asked for, and the backend's name of the page.
struct Resolved {
  std::string prefix;
  std::string page;
};

absl::StatusOr<Resolved> Resolve(const Remote& remote, const ObjectQuery& query) {
  PENSTOCK_RETURN_IF_ERROR(CheckQuery(query));
  PENSTOCK_RETURN_IF_ERROR(remote.restriction.BucketsMeantBy(query.bucket).status());
  Resolved resolved;
  PENSTOCK_ASSIGN_OR_RETURN(resolved.prefix, remote.restriction.Narrow(query.prefix));
  PENSTOCK_ASSIGN_OR_RETURN(
      resolved.page, ReadPageToken(query.page_token,
                                   [&](const std::string& page) { return TextOf(query, page); }));
  return resolved;
}

}  // namespace

void ListObjects(const Remote& remote, const ObjectQuery& query, Done<ObjectPage> done) {
  const absl::StatusOr<Resolved> resolved = Resolve(remote, query);
  if (!resolved.ok()) return std::move(done)(resolved.status());
  std::make_shared<ListCall>(*remote.backend, query, resolved->prefix, std::move(done))
      ->Begin(resolved->page);
}

}  // namespace penstock

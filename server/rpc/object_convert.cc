#include "server/rpc/object_convert.h"

#include "base/error.h"
#include "base/utf8.h"
#include "server/rpc/convert.h"

namespace penstock {

ObjectPlace FromProto(const v1::ObjectName& object) {
  return {object.remote(), {object.bucket(), object.key()}};
}

ReadQuery FromProto(const v1::ReadObjectRequest& request) {
  ReadQuery query;
  query.object = FromProto(request.object());
  query.offset = request.offset();
  if (request.has_length()) query.length = request.length();
  query.if_match = request.if_match();
  return query;
}

ObjectQuery FromProto(const v1::ListObjectsRequest& request) {
  ObjectQuery query;
  query.remote = request.remote();
  query.bucket = request.bucket();
  query.prefix = request.prefix();
  query.delimiter = request.delimiter();
  query.page_size = request.page_size();
  query.page_token = request.page_token();
  query.full = request.view() == v1::OBJECT_VIEW_FULL;
  return query;
}

ObjectAttributes FromProto(const v1::ObjectAttributes& attributes) {
  ObjectAttributes result;
  result.content_type = attributes.content_type();
  result.metadata = {attributes.metadata().begin(), attributes.metadata().end()};
  result.cache_control = attributes.cache_control();
  result.content_disposition = attributes.content_disposition();
  result.content_encoding = attributes.content_encoding();
  result.storage_class = attributes.storage_class();
  return result;
}

v1::ObjectOpened ToProto(const ObjectPlace& object, const OpenedObject& opened) {
  v1::ObjectOpened proto;
  *proto.mutable_object() = ToProto(object.remote, object.name, opened.stat);
  proto.set_offset(opened.offset);
  proto.set_length(opened.length);
  return proto;
}

void ToProto(const v1::ListObjectsRequest& request, const ObjectPage& page,
             v1::ListObjectsResponse& response) {
  for (const ListedObject& object : page.objects) {
    v1::ListedObject* added = response.add_objects();
    *added->mutable_object() =
        ToProto(request.remote(), {request.bucket(), object.key}, object.stat);
    added->set_complete(object.complete);
  }
  for (const std::string& prefix : page.prefixes) response.add_prefixes(prefix);
  response.set_next_page_token(page.next_page_token);
}

void ToProto(const v1::DeleteObjectsRequest& request, const std::vector<absl::Status>& outcomes,
             v1::DeleteObjectsResponse& response) {
  for (int i = 0; i < request.keys_size(); ++i) {
    const absl::Status& outcome = outcomes[static_cast<size_t>(i)];
    if (outcome.ok()) continue;
    v1::DeleteFailure* failure = response.add_failures();
    failure->set_key(request.keys(i));
    failure->set_code(static_cast<int32_t>(outcome.code()));
    failure->set_reason(ErrorReason(outcome));
    failure->set_message(ToUtf8(std::string(outcome.message())));
  }
}

void ToProto(const std::vector<ListedBucket>& buckets, v1::ListBucketsResponse& response) {
  for (const ListedBucket& bucket : buckets) {
    v1::Bucket* added = response.add_buckets();
    added->set_name(bucket.name);
    if (bucket.create_time != absl::InfinitePast()) {
      *added->mutable_create_time() = ToProto(bucket.create_time);
    }
    added->set_region(ToUtf8(bucket.region));
  }
}

}  // namespace penstock

#include <gmock/gmock.h>

#include "base/notification.h"
#include "penstock/v1/object.grpc.pb.h"
#include "server/rpc/rpc_test_util.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using Code = absl::StatusCode;

class ObjectServiceTest : public ServedTest {
 protected:
  explicit ObjectServiceTest(const ReadLimits& limits = ReadLimits())
      : ServedTest(limits), objects_stub_(v1::ObjectService::NewStub(channel_)) {}

  static v1::ObjectName Name(const std::string& key) {
    v1::ObjectName name;
    name.set_remote(kObjectRemote);
    name.set_bucket("bucket");
    name.set_key(key);
    return name;
  }

  // Makes a unary call.
  template <typename Method, typename Request, typename Response>
  absl::Status Do(Method method, const Request& request, Response* response) {
    grpc::ClientContext context;
    return FromGrpc((objects_stub_.get()->*method)(&context, request, response));
  }

  struct Answer {
    v1::ObjectOpened opened;
    std::string bytes;
    size_t largest_chunk = 0;
    absl::Status status;
  };
  Answer Read(const v1::ReadObjectRequest& request) {
    grpc::ClientContext context;
    const auto stream = objects_stub_->ReadObject(&context, request);
    Answer answer;
    v1::ReadObjectResponse response;
    while (stream->Read(&response)) {
      if (response.has_opened()) {
        answer.opened = response.opened();
        continue;
      }
      EXPECT_EQ(response.chunk().offset(), answer.opened.offset() + std::ssize(answer.bytes));
      EXPECT_EQ(response.chunk().crc32c(), Crc32c(response.chunk().data()));
      answer.largest_chunk = std::max(answer.largest_chunk, response.chunk().data().size());
      answer.bytes += response.chunk().data();
    }
    answer.status = FromGrpc(stream->Finish());
    return answer;
  }
  static v1::ReadObjectRequest ReadRequest(const std::string& key) {
    v1::ReadObjectRequest request;
    *request.mutable_object() = Name(key);
    return request;
  }

  // Lets others run.
  void AwaitTurn() {
    Notification turn;
    executor_->Post([&turn] { turn.Notify(); });
    turn.WaitForNotification();
  }

  const std::unique_ptr<v1::ObjectService::Stub> objects_stub_;
};

TEST_F(ObjectServiceTest, DescribesAnObject) {
  const std::string etag = object_backend_.Put("key", "bytes", {{"name", "not \xff UTF-8"}});
  v1::StatObjectRequest request;
  *request.mutable_object() = Name("key");
  v1::StatObjectResponse response;
  ASSERT_EQ(Do(&v1::ObjectService::Stub::StatObject, request, &response), absl::OkStatus());
  const v1::StoredObject& object = response.object();
  EXPECT_EQ(object.remote(), kObjectRemote);
  EXPECT_EQ(object.bucket(), "bucket");
  EXPECT_EQ(object.key(), "key");
  EXPECT_EQ(object.size(), 5);
  EXPECT_EQ(object.etag(), etag);
  EXPECT_EQ(object.crc64_ecma(), Crc64("bytes"));
  EXPECT_GT(object.update_time().seconds(), 0);
  EXPECT_THAT(object.metadata(), ElementsAre(Pair("name", "not \xef\xbf\xbd UTF-8")));
  *request.mutable_object() = Name("other");
  const absl::Status status = Do(&v1::ObjectService::Stub::StatObject, request, &response);
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_EQ(ErrorReason(status), "NO_SUCH_OBJECT");
}

TEST_F(ObjectServiceTest, ReadsWholeObjectsAndRanges) {
  std::string content;
  for (int i = 0; i < 300'000; ++i) content += std::to_string(i);
  object_backend_.Put("key", content);
  Answer answer = Read(ReadRequest("key"));
  EXPECT_EQ(answer.status, absl::OkStatus());
  EXPECT_TRUE(answer.bytes == content);
  EXPECT_EQ(answer.opened.length(), std::ssize(content));
  EXPECT_EQ(answer.opened.object().crc64_ecma(), Crc64(content));
  EXPECT_LE(answer.largest_chunk, size_t{1} << 20);
  v1::ReadObjectRequest request = ReadRequest("key");
  request.set_offset(-10);
  request.set_length(4);
  answer = Read(request);
  EXPECT_EQ(answer.bytes, content.substr(content.size() - 10, 4));
  EXPECT_EQ(answer.opened.offset(), std::ssize(content) - 10);
  request.set_length(0);
  answer = Read(request);
  EXPECT_EQ(answer.status, absl::OkStatus());
  EXPECT_EQ(answer.bytes, "");
  EXPECT_EQ(answer.opened.length(), 0);
}

TEST_F(ObjectServiceTest, BadReadsAreRefused) {
  object_backend_.Put("key", "bytes");
  v1::ReadObjectRequest request = ReadRequest("key");
  request.set_if_match("other");
  EXPECT_EQ(ErrorReason(Read(request).status), "OBJECT_CHANGED");
  request = ReadRequest("key");
  request.set_offset(6);
  const absl::Status status = Read(request).status;
  EXPECT_EQ(status.code(), Code::kOutOfRange);
  EXPECT_EQ(ErrorMetadataOf(status).at("size"), "5");
  request.set_length(-1);
  EXPECT_EQ(ErrorReason(Read(request).status), "BAD_LENGTH");
  EXPECT_EQ(ErrorReason(Read({}).status), "UNKNOWN_REMOTE");
}

TEST_F(ObjectServiceTest, CancelledReadAsksForNothingMore) {
  object_backend_.Put("key", std::string(20 << 20, 'x'));
  object_backend_.Hold("read");
  grpc::ClientContext context;
  const auto stream = objects_stub_->ReadObject(&context, ReadRequest("key"));
  object_backend_.AwaitHeld("read");
  context.TryCancel();
  EXPECT_EQ(FromGrpc(stream->Finish()).code(), Code::kCancelled);
  server_.reset();  // all calls are over
  object_backend_.Release("read");
  objects_.reset();
  EXPECT_EQ(object_backend_.calls("read"), 1);
}

TEST_F(ObjectServiceTest, DrainingEndsReadsAndRefusesCalls) {
  object_backend_.Put("key", std::string(20 << 20, 'x'));
  object_backend_.Hold("read");
  grpc::ClientContext context;
  const auto stream = objects_stub_->ReadObject(&context, ReadRequest("key"));
  object_backend_.AwaitHeld("read");
  objects_->Stop();
  object_backend_.Release("read");
  v1::ReadObjectResponse response;
  int64_t got = 0;
  while (stream->Read(&response)) got += std::ssize(response.chunk().data());
  const absl::Status status = FromGrpc(stream->Finish());
  EXPECT_EQ(ErrorReason(status), "DRAINING");
  EXPECT_TRUE(RetryDelay(status).has_value());
  EXPECT_EQ(got, 1 << 20);
  EXPECT_EQ(ErrorReason(Read(ReadRequest("key")).status), "DRAINING");
}

TEST_F(ObjectServiceTest, ListsObjects) {
  for (const char* key : {"a", "b/1", "c"}) object_backend_.Put(key, key, {{"name", "v"}});
  v1::ListObjectsRequest request;
  request.set_remote(kObjectRemote);
  request.set_bucket("bucket");
  request.set_delimiter("/");
  request.set_page_size(2);
  v1::ListObjectsResponse response;
  ASSERT_EQ(Do(&v1::ObjectService::Stub::ListObjects, request, &response), absl::OkStatus());
  ASSERT_EQ(response.objects_size(), 1);
  EXPECT_EQ(response.objects(0).object().key(), "a");
  EXPECT_FALSE(response.objects(0).complete());
  EXPECT_THAT(response.prefixes(), ElementsAre("b/"));
  request.set_page_token(response.next_page_token());
  request.set_view(v1::OBJECT_VIEW_FULL);
  response.Clear();
  ASSERT_EQ(Do(&v1::ObjectService::Stub::ListObjects, request, &response), absl::OkStatus());
  ASSERT_EQ(response.objects_size(), 1);
  EXPECT_TRUE(response.objects(0).complete());
  EXPECT_THAT(response.objects(0).object().metadata(), ElementsAre(Pair("name", "v")));
  EXPECT_EQ(response.next_page_token(), "");
  request.set_page_size(1001);
  EXPECT_EQ(ErrorReason(Do(&v1::ObjectService::Stub::ListObjects, request, &response)),
            "BAD_PAGE_SIZE");
}

TEST_F(ObjectServiceTest, DeletesObjects) {
  for (const char* key : {"a", "b", "refused"}) object_backend_.Put(key, key);
  v1::DeleteObjectRequest request;
  *request.mutable_object() = Name("a");
  v1::DeleteObjectResponse response;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Do(&v1::ObjectService::Stub::DeleteObject, request, &response), absl::OkStatus());
  }
  v1::DeleteObjectsRequest many;
  many.set_remote(kObjectRemote);
  many.set_bucket("bucket");
  many.add_keys("b");
  many.add_keys("refused");
  v1::DeleteObjectsResponse failures;
  ASSERT_EQ(Do(&v1::ObjectService::Stub::DeleteObjects, many, &failures), absl::OkStatus());
  ASSERT_EQ(failures.failures_size(), 1);
  EXPECT_EQ(failures.failures(0).key(), "refused");
  EXPECT_EQ(failures.failures(0).code(), static_cast<int>(Code::kPermissionDenied));
  EXPECT_EQ(failures.failures(0).reason(), "KEY_NOT_ALLOWED");
  EXPECT_NE(failures.failures(0).message(), "");
  EXPECT_THAT(object_backend_.keys(), ElementsAre("refused"));
}

TEST_F(ObjectServiceTest, CopiesAndChangesObjects) {
  const std::string etag = object_backend_.Put("a", "bytes", {{"name", "v"}});
  v1::CopyObjectRequest copy;
  *copy.mutable_source() = Name("a");
  *copy.mutable_target() = Name("b");
  copy.set_if_match(etag);
  v1::CopyObjectResponse copied;
  ASSERT_EQ(Do(&v1::ObjectService::Stub::CopyObject, copy, &copied), absl::OkStatus());
  EXPECT_EQ(copied.object().key(), "b");
  EXPECT_THAT(copied.object().metadata(), ElementsAre(Pair("name", "v")));
  copy.mutable_attributes();  // set, and empty
  ASSERT_EQ(Do(&v1::ObjectService::Stub::CopyObject, copy, &copied), absl::OkStatus());
  EXPECT_THAT(copied.object().metadata(), IsEmpty());
  v1::UpdateObjectMetadataRequest update;
  *update.mutable_object() = Name("b");
  update.mutable_attributes()->set_content_type("text/plain");
  v1::UpdateObjectMetadataResponse updated;
  ASSERT_EQ(Do(&v1::ObjectService::Stub::UpdateObjectMetadata, update, &updated), absl::OkStatus());
  EXPECT_EQ(updated.object().content_type(), "text/plain");
  update.set_if_match("other");
  EXPECT_EQ(ErrorReason(Do(&v1::ObjectService::Stub::UpdateObjectMetadata, update, &updated)),
            "OBJECT_CHANGED");
}

TEST_F(ObjectServiceTest, ListsBuckets) {
  v1::ListBucketsRequest request;
  request.set_remote(kObjectRemote);
  v1::ListBucketsResponse response;
  ASSERT_EQ(Do(&v1::ObjectService::Stub::ListBuckets, request, &response), absl::OkStatus());
  ASSERT_EQ(response.buckets_size(), 2);
  EXPECT_EQ(response.buckets(0).name(), "bucket");
  EXPECT_EQ(response.buckets(0).create_time().seconds(), 1);
  EXPECT_EQ(response.buckets(0).region(), "here");
  EXPECT_FALSE(response.buckets(1).has_create_time());
}

class ImpatientServiceTest : public ObjectServiceTest {
 protected:
  ImpatientServiceTest() : ObjectServiceTest({int64_t{256} << 20, absl::Milliseconds(200), 10}) {}
};

// What the client does not take stands in the way of the trailers: the stream is reset with the
// code, and the server is rid of it.
TEST_F(ImpatientServiceTest, ClientThatTakesNothingIsCutOff) {
  object_backend_.Put("key", std::string(20 << 20, 'x'));
  grpc::ClientContext context;
  const auto stream = objects_stub_->ReadObject(&context, ReadRequest("key"));
  object_backend_.AwaitCalls("read", 1);
  while (objects_->read_memory().used > 0) AwaitTurn();
  v1::ReadObjectResponse response;
  while (stream->Read(&response)) {
  }
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED) << status.error_message();
  EXPECT_THAT(status.error_message(), testing::HasSubstr("IDLE_TIMEOUT"));
}

}  // namespace
}  // namespace penstock

#include "emulator/bucket.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <cstring>
#include <fstream>

#include "absl/time/clock.h"
#include "base/checksum.h"
#include "emulator/encoding.h"

namespace penstock::emulator {
namespace {

namespace fs = std::filesystem;

class StringBody : public Body {
 public:
  explicit StringBody(std::string text) : text_(std::move(text)) {}
  std::optional<int64_t> length() const override { return static_cast<int64_t>(text_.size()); }
  bool chunked() const override { return false; }
  Result<size_t> Read(char* data, size_t size) override {
    size = std::min(size, text_.size() - at_);
    std::memcpy(data, text_.data() + at_, size);
    at_ += size;
    return size;
  }

 private:
  const std::string text_;
  size_t at_ = 0;
};

// Until it goes, the files of this process take no more than `bytes`, as if the disk were full.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : signal_(std::signal(SIGXFSZ, SIG_IGN)) {
    EXPECT_EQ(getrlimit(RLIMIT_FSIZE, &before_), 0);
    const rlimit limit = {bytes, before_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, signal_);
  }

 private:
  void (*const signal_)(int);
  rlimit before_ = {};
};

class BucketTest : public ::testing::Test {
 protected:
  BucketTest() : directory_(fs::temp_directory_path() / ("emulator_bucket_" + RandomUpperHex(8))) {
    Restart();
  }
  ~BucketTest() override {
    bucket_.reset();
    fs::remove_all(directory_);
  }

  void Restart() {
    bucket_.reset();
    bucket_ = std::make_unique<Bucket>("bucket", directory_, options_);
  }

  Part Receive(int number, const std::string& text) {
    StringBody body(text);
    const Blob blob =
        bucket_->blobs().Receive(body, 1 << 30, EntityTooLarge("x"), {true, true}).value();
    Part part;
    part.number = number;
    part.blob = blob.id;
    part.size = blob.size;
    part.etag = UpperHex(*blob.md5);
    part.crc64 = blob.crc64;
    return part;
  }

  Part StorePart(const std::string& id, int number, const std::string& text) {
    EXPECT_FALSE(bucket_->BeginPart("key", id, ""));
    Part part = Receive(number, text);
    EXPECT_FALSE(bucket_->FinishPart("key", id, "", part));
    return part;
  }

  std::string Initiate() {
    Attributes attributes;
    attributes.headers["x-oss-meta-a"] = std::string("b\xE9", 2);
    return bucket_->InitiateUpload("key", attributes, absl::FromUnixMillis(1500)).value();
  }

  Completion Listing(const std::vector<Part>& parts) {
    Completion completion;
    completion.parts.emplace();
    for (const Part& part : parts) completion.parts->push_back({part.number, part.etag});
    return completion;
  }

  size_t CountBlobs() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(directory_ / "blobs"), {}));
  }

  // An object of these bytes, as PutObject makes it.
  Object Received(const std::string& text) {
    const Part part = Receive(1, text);
    Object object;
    object.key = "key";
    object.type = "Normal";
    object.size = part.size;
    object.crc64 = part.crc64;
    object.pieces = {{part.blob, part.size}};
    return object;
  }
  ObjectPtr Put(const std::string& text) {
    return bucket_->PutObject(Received(text), false, "").value();
  }

  const fs::path directory_;
  BucketOptions options_;
  std::unique_ptr<Bucket> bucket_;
};

TEST_F(BucketTest, UploadsPartsAndObjectsSurviveARestart) {
  const std::string id = Initiate();
  const Part first = StorePart(id, 1, std::string(102400, 'a'));
  StorePart(id, 2, "old");
  Restart();
  const Part second = StorePart(id, 2, "new");
  Restart();
  const Upload upload = bucket_->FindUpload("key", id, "").value();
  ASSERT_EQ(upload.parts.size(), 2u);
  EXPECT_EQ(upload.parts.at(2).etag, second.etag);
  EXPECT_EQ(upload.initiated, absl::FromUnixMillis(1500));
  ASSERT_TRUE(bucket_->CompleteUpload("key", id, Listing({first, second})).ok());
  Restart();
  const ObjectPtr stored = bucket_->FindObject("key").value();
  EXPECT_EQ(stored->object.size, 102403);
  EXPECT_EQ(stored->object.attributes.headers.at("x-oss-meta-a"), std::string("b\xE9", 2));
  EXPECT_FALSE(bucket_->FindUpload("key", id, "").ok());
  EXPECT_EQ(CountBlobs(), 2u);
}

TEST_F(BucketTest, OverwritingAPartRemovesItsBytes) {
  const std::string id = Initiate();
  StorePart(id, 1, "a");
  StorePart(id, 1, "b");
  EXPECT_EQ(CountBlobs(), 1u);
}

TEST_F(BucketTest, UnlistedPartsAreDroppedByCompletion) {
  const std::string id = Initiate();
  StorePart(id, 1, "unlisted");
  const Part second = StorePart(id, 2, "listed");
  ASSERT_TRUE(bucket_->CompleteUpload("key", id, Listing({second})).ok());
  EXPECT_EQ(CountBlobs(), 1u);
}

TEST_F(BucketTest, RefusedCompletionLeavesTheUpload) {
  const std::string id = Initiate();
  Part part = StorePart(id, 1, "a");
  part.etag = "OTHER";
  EXPECT_FALSE(bucket_->CompleteUpload("key", id, Listing({part})).ok());
  EXPECT_EQ(bucket_->FindUpload("key", id, "").value().parts.size(), 1u);
}

TEST_F(BucketTest, CompletionObeysForbidOverwrite) {
  const std::string first = Initiate();
  ASSERT_TRUE(bucket_->CompleteUpload("key", first, Listing({StorePart(first, 1, "a")})).ok());
  const std::string second = Initiate();
  Completion completion = Listing({StorePart(second, 1, "b")});
  completion.forbid_overwrite = true;
  const auto refused = bucket_->CompleteUpload("key", second, completion);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "FileAlreadyExists");
  completion.forbid_overwrite = false;
  EXPECT_TRUE(bucket_->CompleteUpload("key", second, completion).ok());
  EXPECT_EQ(CountBlobs(), 1u);
}

TEST_F(BucketTest, AbortDoesNotReachPartsInFlight) {
  const std::string id = Initiate();
  StorePart(id, 1, "stored");
  ASSERT_FALSE(bucket_->BeginPart("key", id, ""));
  ASSERT_FALSE(bucket_->AbortUpload("key", id, ""));
  EXPECT_TRUE(bucket_->BeginPart("key", id, ""));  // no new part
  EXPECT_FALSE(bucket_->FinishPart("key", id, "", Receive(2, "late")));
  EXPECT_EQ(bucket_->FindUpload("key", id, "").value().parts.size(), 1u);
  EXPECT_EQ(bucket_->CompleteUpload("key", id, Listing({})).error().code, "NoSuchUpload");
  EXPECT_FALSE(bucket_->AbortUpload("key", id, ""));
  EXPECT_TRUE(bucket_->AbortUpload("key", id, ""));
  EXPECT_EQ(CountBlobs(), 0u);
}

TEST_F(BucketTest, AbortEndsWithAPartInFlightThatFails) {
  const std::string id = Initiate();
  ASSERT_FALSE(bucket_->BeginPart("key", id, ""));
  ASSERT_FALSE(bucket_->AbortUpload("key", id, ""));
  ASSERT_FALSE(bucket_->FinishPart("key", id, "", std::nullopt));
  EXPECT_TRUE(bucket_->AbortUpload("key", id, ""));
}

TEST_F(BucketTest, PartOfAnUploadCompletedMeanwhileIsRefused) {
  const std::string id = Initiate();
  const Part first = StorePart(id, 1, "a");
  ASSERT_FALSE(bucket_->BeginPart("key", id, ""));
  ASSERT_TRUE(bucket_->CompleteUpload("key", id, Listing({first})).ok());
  EXPECT_TRUE(bucket_->FinishPart("key", id, "", Receive(2, "late")));
  EXPECT_EQ(CountBlobs(), 1u);
}

TEST_F(BucketTest, ObjectStaysReadableWhileHeld) {
  const std::string id = Initiate();
  ASSERT_TRUE(bucket_->CompleteUpload("key", id, Listing({StorePart(id, 1, "a")})).ok());
  ObjectPtr held = bucket_->FindObject("key").value();
  ASSERT_TRUE(bucket_->DeleteObject("key", nullptr, absl::Now()).value().changed);
  EXPECT_FALSE(bucket_->DeleteObject("key", nullptr, absl::Now()).value().changed);
  EXPECT_EQ(CountBlobs(), 1u);
  held.reset();
  EXPECT_EQ(CountBlobs(), 0u);
}

TEST_F(BucketTest, RestartSweepsWhatACrashLeft) {
  const std::string id = Initiate();
  StorePart(id, 1, "a");
  Receive(2, "a body whose part was never recorded");
  std::ofstream(directory_ / "uploads" / id / "parts", std::ios::app) << "{\"numb";
  std::ofstream(directory_ / "objects" / "x.json.0000.tmp") << "{";
  fs::create_directory(directory_ / "uploads" / "EMPTY");
  Restart();
  EXPECT_EQ(CountBlobs(), 1u);
  EXPECT_EQ(bucket_->FindUpload("key", id, "").value().parts.size(), 1u);
  EXPECT_EQ(bucket_->Uploads().size(), 1u);
}

TEST_F(BucketTest, PartRecordedHalfIsNotStoredAndHarmsNoOther) {
  const std::string id = Initiate();
  StorePart(id, 1, "a");
  ASSERT_FALSE(bucket_->BeginPart("key", id, ""));
  const Part second = Receive(2, "b");
  {
    const FileSizeLimit limit(fs::file_size(directory_ / "uploads" / id / "parts") + 10);
    EXPECT_EQ(bucket_->FinishPart("key", id, "", second)->code, "InternalError");
  }
  StorePart(id, 3, "c");
  EXPECT_EQ(CountBlobs(), 2u);
  Restart();
  const Upload upload = bucket_->FindUpload("key", id, "").value();
  EXPECT_EQ(upload.parts.size(), 2u);
  EXPECT_TRUE(upload.parts.contains(1) && upload.parts.contains(3));
}

TEST_F(BucketTest, PartAfterATornLineSurvivesTheNextRestart) {
  const std::string id = Initiate();
  StorePart(id, 1, "a");
  std::ofstream(directory_ / "uploads" / id / "parts", std::ios::app) << "{\"numb";
  Restart();
  StorePart(id, 2, "b");
  Restart();
  EXPECT_EQ(bucket_->FindUpload("key", id, "").value().parts.size(), 2u);
}

TEST_F(BucketTest, DamagedRecordOfAPartIsRefused) {
  const std::string id = Initiate();
  std::ofstream(directory_ / "uploads" / id / "parts") << "{\"numb\n";
  StorePart(id, 1, "a");
  EXPECT_THROW(Restart(), std::exception);
}

TEST_F(BucketTest, RestartForgetsAnUploadWhoseObjectIsThere) {
  const std::string id = Initiate();
  const Part part = StorePart(id, 1, "a");
  fs::copy(directory_ / "uploads", directory_ / "saved", fs::copy_options::recursive);
  ASSERT_TRUE(bucket_->CompleteUpload("key", id, Listing({part})).ok());
  bucket_.reset();
  // As if the emulator had died between publishing the object and removing the upload.
  fs::copy(directory_ / "saved", directory_ / "uploads", fs::copy_options::recursive);
  Restart();
  EXPECT_TRUE(bucket_->Uploads().empty());
  EXPECT_TRUE(bucket_->FindObject("key").ok());
  EXPECT_EQ(CountBlobs(), 1u);
}

TEST_F(BucketTest, DroppedUploadsAreGone) {
  const std::string id = Initiate();
  StorePart(id, 1, "a");
  Initiate();
  EXPECT_EQ(bucket_->DropUploads(), 2);
  EXPECT_TRUE(bucket_->AbortUpload("key", id, ""));
  EXPECT_EQ(CountBlobs(), 0u);
}

class VersionedBucketTest : public BucketTest {
 protected:
  VersionedBucketTest() {
    options_.versioning = true;
    Restart();
  }
  Deletion Delete(const std::string* version = nullptr) {
    return bucket_->DeleteObject("key", version, absl::UnixEpoch()).value();
  }
};

TEST_F(VersionedBucketTest, KeepsVersionsInOrderAlsoAcrossARestart) {
  const std::string first = Put("first")->object.version_id;
  const std::string second = Put("second!")->object.version_id;
  ASSERT_NE(first, second);
  Restart();
  EXPECT_EQ(bucket_->FindObject("key").value()->object.size, 7);
  EXPECT_EQ(bucket_->FindObject("key", &first).value()->object.size, 5);
  ASSERT_EQ(bucket_->Versions().size(), 2u);
  EXPECT_EQ(bucket_->Versions()[0]->object.version_id, second);
  EXPECT_TRUE(bucket_->IsCurrent(bucket_->Versions()[0]));
  EXPECT_FALSE(bucket_->IsCurrent(bucket_->Versions()[1]));
  EXPECT_EQ(bucket_->Objects().size(), 1u);
}

TEST_F(VersionedBucketTest, ForbidOverwriteHasNoEffect) {
  Put("first");
  EXPECT_FALSE(bucket_->CheckOverwrite("key", true, ""));
  EXPECT_TRUE(bucket_->PutObject(Received("second"), true, "").ok());
  const std::string id = Initiate();
  Completion completion = Listing({StorePart(id, 1, "third")});
  completion.forbid_overwrite = true;
  EXPECT_TRUE(bucket_->CompleteUpload("key", id, completion).ok());
  EXPECT_EQ(bucket_->Versions().size(), 3u);
}

TEST_F(VersionedBucketTest, DeleteMarkerHidesAndItsRemovalShows) {
  const std::string version = Put("kept")->object.version_id;
  const Deletion deletion = Delete();
  EXPECT_TRUE(deletion.changed && deletion.delete_marker);
  const Result<ObjectPtr> current = bucket_->FindObject("key");
  EXPECT_EQ(current.error().code, "NoSuchKey");
  EXPECT_EQ(current.error().headers[0].name, "x-oss-delete-marker");
  EXPECT_EQ(bucket_->FindObject("key", &deletion.version_id).error().code, "MethodNotAllowed");
  EXPECT_EQ(bucket_->FindObject("key", &version).value()->object.size, 4);
  EXPECT_TRUE(bucket_->Objects().empty());
  Restart();
  EXPECT_TRUE(Delete(&deletion.version_id).delete_marker);
  EXPECT_TRUE(bucket_->FindObject("key").ok());
  EXPECT_FALSE(Delete(&version).delete_marker);
  EXPECT_EQ(bucket_->FindObject("key", &version).error().code, "NoSuchVersion");
  EXPECT_FALSE(Delete(&version).changed);
  EXPECT_EQ(CountBlobs(), 0u);
}

TEST_F(BucketTest, VersioningFindsWhatWasThereBeforeAsNull) {
  Put("old");
  options_.versioning = true;
  Restart();
  Put("newer");
  const std::string null = "null";
  EXPECT_EQ(bucket_->FindObject("key", &null).value()->object.size, 3);
}

TEST_F(BucketTest, AppendsKeepWhatReadersHold) {
  Object head = Received("abc");
  head.type = "Appendable";
  ASSERT_TRUE(bucket_->AppendObject(head, 0).ok());
  ObjectPtr held = bucket_->FindObject("key").value();
  ASSERT_TRUE(bucket_->AppendObject(Received("de"), 3).ok());
  Restart();
  ObjectPtr whole = bucket_->FindObject("key").value();
  EXPECT_EQ(whole->object.size, 5);
  EXPECT_EQ(whole->object.crc64, Crc64("abcde"));
  const Result<ObjectPtr> refused = bucket_->AppendObject(Received("x"), 4);
  EXPECT_EQ(refused.error().code, "PositionNotEqualToLength");
  EXPECT_EQ(refused.error().headers[0].value, "5");
  EXPECT_EQ(CountBlobs(), 2u);
}

TEST_F(BucketTest, BytesOfAnAppendedObjectGoWithTheLastReader) {
  Object head = Received("abc");
  head.type = "Appendable";
  ASSERT_TRUE(bucket_->AppendObject(head, 0).ok());
  ObjectPtr before = bucket_->FindObject("key").value();
  ASSERT_TRUE(bucket_->AppendObject(Received("de"), 3).ok());
  ASSERT_TRUE(bucket_->DeleteObject("key", nullptr, absl::UnixEpoch()).value().changed);
  EXPECT_EQ(CountBlobs(), 1u);
  before.reset();
  EXPECT_EQ(CountBlobs(), 0u);
}

TEST_F(BucketTest, NormalObjectsAreNotAppendable) {
  Put("abc");
  EXPECT_EQ(bucket_->AppendObject(Received("x"), 3).error().code, "ObjectNotAppendable");
  EXPECT_EQ(CountBlobs(), 1u);
}

TEST_F(BucketTest, ChangesKeepTheBytes) {
  Put("abc");
  ObjectPtr held = bucket_->FindObject("key").value();
  ASSERT_TRUE(bucket_->ChangeObject("key", nullptr, [](Object& o) { o.acl = "private"; }).ok());
  Restart();
  EXPECT_EQ(bucket_->FindObject("key").value()->object.acl, "private");
  EXPECT_EQ(CountBlobs(), 1u);
  EXPECT_EQ(bucket_->ChangeObject("absent", nullptr, [](Object&) {}).error().code, "NoSuchKey");
}

}  // namespace
}  // namespace penstock::emulator

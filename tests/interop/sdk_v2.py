"""The Python SDK of version 2: alibabacloud-oss-v2."""
import datetime

import alibabacloud_oss_v2 as oss

from sdk_common import Sdk, SdkError, lower

# Headers as the fields of a request have them.
FIELDS = {"content-type": "content_type", "cache-control": "cache_control", "content-encoding": "content_encoding",
          "content-disposition": "content_disposition", "expires": "expires", "x-oss-tagging": "tagging",
          "x-oss-storage-class": "storage_class", "x-oss-object-acl": "acl", "content-md5": "content_md5",
          "x-oss-forbid-overwrite": "forbid_overwrite", "x-oss-server-side-encryption": "server_side_encryption",
          "x-oss-server-side-encryption-key-id": "server_side_encryption_key_id", "range": "range_header",
          "x-oss-range-behavior": "range_behavior", "if-none-match": "if_none_match", "if-match": "if_match",
          "x-oss-metadata-directive": "metadata_directive", "x-oss-tagging-directive": "tagging_directive",
          "x-oss-complete-all": "complete_all", "x-oss-traffic-limit": "traffic_limit",
          "x-oss-request-payer": "request_payer", "x-oss-callback": "callback", "x-oss-callback-var": "callback_var"}


def fields(headers, meta=None):
    named = {FIELDS[name.lower()]: value for name, value in (headers or {}).items()}
    return {**named, "metadata": dict(meta)} if meta else named


class OssV2(Sdk):
    name = "alibabacloud-oss-v2"

    def __init__(self, settings):
        config = oss.config.load_default()
        config.credentials_provider = oss.credentials.StaticCredentialsProvider(settings.key_id, settings.secret,
                                                                                settings.token)
        config.region = settings.region
        config.endpoint = f"http://{settings.host}" if settings.host else settings.url
        config.signature_version = settings.signature
        config.use_cname = settings.cname
        config.retry_max_attempts = 1
        config.disable_upload_crc64_check = not settings.crc
        if settings.host:
            config.proxy_host = {"http": settings.url}
        self.bucket_name = settings.bucket
        self.client = oss.Client(config)

    def _call(self, method, request):
        try:
            return getattr(self.client, method)(request)
        except oss.exceptions.OperationError as error:
            raise self._error(error.unwrap()) from error

    @staticmethod
    def _error(error):
        if isinstance(error, oss.exceptions.ServiceError):
            return SdkError(error.status_code, error.code, str(error))
        return SdkError(-1, type(error).__name__, str(error))

    def put(self, key, data, headers=None, meta=None):
        return lower(self._call("put_object", oss.PutObjectRequest(
            bucket=self.bucket_name, key=key, body=data, **fields(headers, meta))).headers)

    def put_stream(self, key, pieces):
        return lower(self._call("put_object", oss.PutObjectRequest(bucket=self.bucket_name, key=key,
                                                                   body=iter(pieces))).headers)

    def get(self, key, headers=None, version=None):
        result = self._call("get_object", oss.GetObjectRequest(bucket=self.bucket_name, key=key, version_id=version,
                                                               **fields(headers)))
        return lower(result.headers), result.body.read()

    def head(self, key, version=None):
        return lower(self._call("head_object", oss.HeadObjectRequest(bucket=self.bucket_name, key=key,
                                                                     version_id=version)).headers)

    def delete(self, key, version=None):
        return lower(self._call("delete_object", oss.DeleteObjectRequest(bucket=self.bucket_name, key=key,
                                                                         version_id=version)).headers)

    def delete_many(self, keys):
        result = self._call("delete_multiple_objects", oss.DeleteMultipleObjectsRequest(
            bucket=self.bucket_name, encoding_type="url", objects=[oss.DeleteObject(key=key) for key in keys]))
        return [deleted.key for deleted in result.deleted_objects]

    def copy(self, source, key, headers=None):
        result = self._call("copy_object", oss.CopyObjectRequest(
            bucket=self.bucket_name, key=key, source_bucket=self.bucket_name, source_key=source, **fields(headers)))
        return {**lower(result.headers), "etag": result.etag.strip('"')}

    def set_tags(self, key, tags):
        tagging = oss.Tagging(tag_set=oss.TagSet(tags=[oss.Tag(key=n, value=v) for n, v in tags.items()]))
        self._call("put_object_tagging", oss.PutObjectTaggingRequest(bucket=self.bucket_name, key=key, tagging=tagging))

    def tags(self, key):
        result = self._call("get_object_tagging", oss.GetObjectTaggingRequest(bucket=self.bucket_name, key=key))
        return {tag.key: tag.value for tag in result.tag_set.tags or []}

    def set_acl(self, key, acl):
        self._call("put_object_acl", oss.PutObjectAclRequest(bucket=self.bucket_name, key=key, acl=acl))

    def acl(self, key):
        return self._call("get_object_acl", oss.GetObjectAclRequest(bucket=self.bucket_name, key=key)).acl

    @staticmethod
    def _listed(result):
        return ([(o.key, o.size, o.etag.strip('"')) for o in result.contents or []],
                [p.prefix for p in result.common_prefixes or []])

    def page(self, prefix="", delimiter="", marker="", max_keys=100):
        result = self._call("list_objects", oss.ListObjectsRequest(
            bucket=self.bucket_name, prefix=prefix, delimiter=delimiter or None, marker=marker or None,
            max_keys=max_keys, encoding_type="url"))
        return *self._listed(result), result.next_marker if result.is_truncated else ""

    def page_v2(self, prefix="", delimiter="", token="", max_keys=100):
        result = self._call("list_objects_v2", oss.ListObjectsV2Request(
            bucket=self.bucket_name, prefix=prefix, delimiter=delimiter or None, continuation_token=token or None,
            max_keys=max_keys, encoding_type="url"))
        return *self._listed(result), result.next_continuation_token if result.is_truncated else ""

    def initiate(self, key, headers=None):
        return self._call("initiate_multipart_upload", oss.InitiateMultipartUploadRequest(
            bucket=self.bucket_name, key=key, **fields(headers))).upload_id

    def upload_part(self, key, upload, number, data):
        return self._call("upload_part", oss.UploadPartRequest(
            bucket=self.bucket_name, key=key, upload_id=upload, part_number=number, body=data)).etag.strip('"')

    def copy_part(self, key, upload, number, source, first, last):
        return self._call("upload_part_copy", oss.UploadPartCopyRequest(
            bucket=self.bucket_name, key=key, upload_id=upload, part_number=number, source_bucket=self.bucket_name,
            source_key=source, source_range=f"bytes={first}-{last}")).etag.strip('"')

    def parts(self, key, upload, max_parts=1000, marker=0):
        result = self._call("list_parts", oss.ListPartsRequest(
            bucket=self.bucket_name, key=key, upload_id=upload, max_parts=max_parts, part_number_marker=marker,
            encoding_type="url"))
        return [(p.part_number, p.etag.strip('"'), p.size) for p in result.parts or []], result.is_truncated

    def complete(self, key, upload, parts, headers=None):
        listed = oss.CompleteMultipartUpload(parts=[oss.UploadPart(part_number=n, etag=e) for n, e in parts])
        return lower(self._call("complete_multipart_upload", oss.CompleteMultipartUploadRequest(
            bucket=self.bucket_name, key=key, upload_id=upload, complete_multipart_upload=listed if parts else None,
            **fields(headers))).headers)

    def abort(self, key, upload):
        self._call("abort_multipart_upload", oss.AbortMultipartUploadRequest(bucket=self.bucket_name, key=key,
                                                                             upload_id=upload))

    def uploads(self, prefix="", max_uploads=1000, key_marker="", id_marker=""):
        result = self._call("list_multipart_uploads", oss.ListMultipartUploadsRequest(
            bucket=self.bucket_name, prefix=prefix, max_uploads=max_uploads, key_marker=key_marker,
            upload_id_marker=id_marker, encoding_type="url"))
        more = (result.next_key_marker, result.next_upload_id_marker) if result.is_truncated else None
        return [(u.key, u.upload_id) for u in result.uploads or []], more

    def append(self, key, position, data):
        return lower(self._call("append_object", oss.AppendObjectRequest(
            bucket=self.bucket_name, key=key, position=position, body=data)).headers)

    def versions(self, prefix):
        result = self._call("list_object_versions", oss.ListObjectVersionsRequest(
            bucket=self.bucket_name, prefix=prefix, encoding_type="url"))
        return ([(v.key, v.version_id, v.is_latest, False) for v in result.version or []] +
                [(d.key, d.version_id, d.is_latest, True) for d in result.delete_marker or []])

    def bucket_info(self):
        info = self._call("get_bucket_info", oss.GetBucketInfoRequest(bucket=self.bucket_name)).bucket_info
        return {"name": info.name, "location": info.location, "versioning": info.versioning or ""}

    def bucket_location(self):
        return self._call("get_bucket_location", oss.GetBucketLocationRequest(bucket=self.bucket_name)).location

    def buckets(self):
        return [bucket.name for bucket in self._call("list_buckets", oss.ListBucketsRequest()).buckets]

    def upload_file(self, key, path, part_size, state):
        uploader = self.client.uploader(part_size=part_size, parallel_num=1, enable_checkpoint=True,
                                        checkpoint_dir=str(state))
        try:
            uploader.upload_file(oss.PutObjectRequest(bucket=self.bucket_name, key=key), filepath=str(path))
        except oss.UploadError as error:
            inner = error.unwrap()
            raise self._error(inner.unwrap() if hasattr(inner, "unwrap") else inner) from error

    def download(self, key, path, part_size):
        try:
            self.client.downloader(part_size=part_size).download_file(
                oss.GetObjectRequest(bucket=self.bucket_name, key=key), filepath=str(path))
        except oss.DownloadError as error:
            inner = error.unwrap()
            raise self._error(inner.unwrap() if hasattr(inner, "unwrap") else inner) from error

    def presign(self, method, key, seconds):
        request = {"GET": oss.GetObjectRequest, "PUT": oss.PutObjectRequest}[method](bucket=self.bucket_name, key=key)
        return self.client.presign(request, expires=datetime.timedelta(seconds=seconds)).url

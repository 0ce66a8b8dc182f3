"""The Python SDK of version 1: oss2."""
import oss2
import oss2.models

from sdk_common import Sdk, SdkError, lower


class Oss2(Sdk):
    name = "oss2"

    def __init__(self, settings):
        version = oss2.AUTH_VERSION_4 if settings.signature == "v4" else oss2.AUTH_VERSION_1
        if settings.token:
            auth = oss2.StsAuth(settings.key_id, settings.secret, settings.token, auth_version=version)
        else:
            auth = oss2.make_auth(settings.key_id, settings.secret, version)
        proxies = {"http": settings.url} if settings.host else None
        session = oss2.Session(pool_size=4)
        self.bucket = oss2.Bucket(auth, f"http://{settings.host}" if settings.host else settings.url, settings.bucket,
                                  is_cname=settings.cname, region=settings.region, proxies=proxies, session=session,
                                  enable_crc=settings.crc, connect_timeout=20)

    def _call(self, method, *args, **more):
        try:
            return getattr(self.bucket, method)(*args, **more)
        except oss2.exceptions.OssError as error:
            raise SdkError(error.status, error.code or type(error).__name__, str(error)) from error

    @staticmethod
    def _version(version):
        return {"versionId": version} if version else None

    def put(self, key, data, headers=None, meta=None):
        headers = {**(headers or {}), **{f"x-oss-meta-{n}": v for n, v in (meta or {}).items()}}
        return lower(self._call("put_object", key, data, headers=headers).headers)

    def put_stream(self, key, pieces):
        return lower(self._call("put_object", key, iter(pieces)).headers)

    def get(self, key, headers=None, version=None):
        result = self._call("get_object", key, headers=headers, params=self._version(version))
        return lower(result.headers), result.read()

    def head(self, key, version=None):
        return lower(self._call("head_object", key, params=self._version(version)).headers)

    def delete(self, key, version=None):
        return lower(self._call("delete_object", key, params=self._version(version)).headers)

    def delete_many(self, keys):
        return self._call("batch_delete_objects", keys).deleted_keys

    def copy(self, source, key, headers=None):
        result = self._call("copy_object", self.bucket.bucket_name, source, key, headers=headers)
        return {**lower(result.headers), "etag": result.etag}

    def set_tags(self, key, tags):
        rule = oss2.models.TaggingRule()
        for name, value in tags.items():
            rule.add(name, value)
        self._call("put_object_tagging", key, oss2.models.Tagging(rule))

    def tags(self, key):
        return self._call("get_object_tagging", key).tag_set.tagging_rule

    def set_acl(self, key, acl):
        self._call("put_object_acl", key, acl)

    def acl(self, key):
        return self._call("get_object_acl", key).acl

    def page(self, prefix="", delimiter="", marker="", max_keys=100):
        result = self._call("list_objects", prefix, delimiter, marker, max_keys)
        return [(o.key, o.size, o.etag) for o in result.object_list], result.prefix_list, result.next_marker

    def page_v2(self, prefix="", delimiter="", token="", max_keys=100):
        result = self._call("list_objects_v2", prefix, delimiter, token, max_keys=max_keys)
        return ([(o.key, o.size, o.etag) for o in result.object_list], result.prefix_list,
                result.next_continuation_token)

    def initiate(self, key, headers=None):
        return self._call("init_multipart_upload", key, headers=headers).upload_id

    def upload_part(self, key, upload, number, data):
        return self._call("upload_part", key, upload, number, data).etag

    def copy_part(self, key, upload, number, source, first, last):
        return self._call("upload_part_copy", self.bucket.bucket_name, source, (first, last), key, upload, number).etag

    def parts(self, key, upload, max_parts=1000, marker=0):
        result = self._call("list_parts", key, upload, marker=str(marker), max_parts=max_parts)
        return [(p.part_number, p.etag, p.size) for p in result.parts], result.is_truncated

    def complete(self, key, upload, parts, headers=None):
        listed = [oss2.models.PartInfo(number, etag) for number, etag in parts]
        return lower(self._call("complete_multipart_upload", key, upload, listed, headers=headers).headers)

    def abort(self, key, upload):
        self._call("abort_multipart_upload", key, upload)

    def uploads(self, prefix="", max_uploads=1000, key_marker="", id_marker=""):
        result = self._call("list_multipart_uploads", prefix, max_uploads=max_uploads, key_marker=key_marker,
                            upload_id_marker=id_marker)
        more = (result.next_key_marker, result.next_upload_id_marker) if result.is_truncated else None
        return [(u.key, u.upload_id) for u in result.upload_list], more

    def append(self, key, position, data):
        return lower(self._call("append_object", key, position, data, init_crc=None).headers)

    def versions(self, prefix):
        result = self._call("list_object_versions", prefix)
        return ([(v.key, v.versionid, v.is_latest, False) for v in result.versions] +
                [(d.key, d.versionid, d.is_latest, True) for d in result.delete_marker])

    def bucket_info(self):
        result = self._call("get_bucket_info")
        return {"name": result.name, "location": result.location, "versioning": result.versioning_status or ""}

    def bucket_location(self):
        return self._call("get_bucket_location").location

    def buckets(self):
        service = oss2.Service(self.bucket.auth, self.bucket.endpoint, region=self.bucket.region)
        return [bucket.name for bucket in service.list_buckets().buckets]

    def upload_file(self, key, path, part_size, state):
        store = oss2.ResumableStore(root=str(state), dir="checkpoints")
        try:
            oss2.resumable_upload(self.bucket, key, str(path), store=store, multipart_threshold=1, part_size=part_size,
                                  num_threads=1)
        except oss2.exceptions.OssError as error:
            raise SdkError(error.status, error.code or type(error).__name__, str(error)) from error

    def download(self, key, path, part_size):
        store = oss2.ResumableDownloadStore(root=str(path.parent), dir="downloads")
        try:
            oss2.resumable_download(self.bucket, key, str(path), multiget_threshold=1, part_size=part_size, store=store)
        except oss2.exceptions.OssError as error:
            raise SdkError(error.status, error.code or type(error).__name__, str(error)) from error

    def presign(self, method, key, seconds):
        return self.bucket.sign_url(method, key, seconds, slash_safe=True)

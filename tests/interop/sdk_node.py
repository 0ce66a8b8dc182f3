"""The Node SDK: ali-oss, in a process of its own (driver.js)."""
import base64
import contextlib
import json
import pathlib
import subprocess

from sdk_common import Sdk, SdkError, lower

HERE = pathlib.Path(__file__).resolve().parent
MODULE = HERE.parents[1] / ".cache/npm/node_modules/ali-oss"


def packed(data):
    return {"$bytes": base64.b64encode(data).decode()}


def unpacked(value):
    return base64.b64decode(value["$bytes"])


class AliOss(Sdk):
    name = "ali-oss"
    checks_crc = False
    proxies = False  # with an IP as endpoint it names the virtual host by itself

    def __init__(self, settings):
        self._node = subprocess.Popen(["node", str(HERE / "driver.js"), str(MODULE)], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        self.bucket_name, self.v4 = settings.bucket, settings.signature == "v4"
        options = {"accessKeyId": settings.key_id, "accessKeySecret": settings.secret, "bucket": settings.bucket,
                   "endpoint": settings.url, "region": f"oss-{settings.region}",
                   "authorizationV4": self.v4}
        if settings.token:
            options |= {"stsToken": settings.token, "refreshSTSTokenInterval": 10 ** 9}
        self._options = options
        self._ask({"new": options})

    def close(self):
        # Its end is the end of its stdin.
        with contextlib.suppress(BrokenPipeError):
            self._node.stdin.close()
        self._node.wait(10)
        self._node.stdout.close()

    def _ask(self, request):
        self._node.stdin.write(json.dumps(request) + "\n")
        self._node.stdin.flush()
        line = self._node.stdout.readline()
        assert line, "the driver of ali-oss has ended"
        return json.loads(line)

    @staticmethod
    def _error(error):
        return SdkError(error.get("status", -1), error.get("code") or error.get("name"), error.get("message", ""))

    def _call(self, method, *args):
        answer = self._ask({"call": method, "args": args})
        if "error" in answer:
            raise self._error(answer["error"])
        return answer.get("result")

    @staticmethod
    def _headers(result):
        return lower(result["res"]["headers"])

    @staticmethod
    def _version(version):
        return {"versionId": version} if version else {}

    def put(self, key, data, headers=None, meta=None):
        headers = headers or {}
        options = {"headers": headers, "meta": meta or {}}
        if "content-type" in lower(headers):
            options["mime"] = lower(headers)["content-type"]
        return self._headers(self._call("put", key, packed(data), options))

    def put_stream(self, key, pieces):
        return self._headers(self._call("putStream", key, {"$stream": [packed(piece) for piece in pieces]}))

    def get(self, key, headers=None, version=None):
        result = self._call("get", key, None, {"headers": headers or {}, **self._version(version)})
        return self._headers(result), unpacked(result["content"])

    def head(self, key, version=None):
        return self._headers(self._call("head", key, self._version(version)))

    def delete(self, key, version=None):
        return self._headers(self._call("delete", key, self._version(version)))

    def delete_many(self, keys):
        return [d["Key"] for d in self._call("deleteMulti", keys)["deleted"]]

    def copy(self, source, key, headers=None):
        result = self._call("copy", key, source, {"headers": headers or {}})
        return {**self._headers(result), "etag": result["data"]["etag"].strip('"')}

    def set_tags(self, key, tags):
        self._call("putObjectTagging", key, tags)

    def tags(self, key):
        return self._call("getObjectTagging", key)["tag"]

    def set_acl(self, key, acl):
        self._call("putACL", key, acl)

    def acl(self, key):
        return self._call("getACL", key)["acl"]

    @staticmethod
    def _listed(result):
        return ([(o["name"], o["size"], o["etag"].strip('"')) for o in result.get("objects") or []],
                result.get("prefixes") or [])

    def page(self, prefix="", delimiter="", marker="", max_keys=100):
        query = {"prefix": prefix, "delimiter": delimiter, "marker": marker, "max-keys": max_keys}
        result = self._call("list", {name: value for name, value in query.items() if value}, {})
        return *self._listed(result), result.get("nextMarker") or ""

    def page_v2(self, prefix="", delimiter="", token="", max_keys=100):
        query = {"prefix": prefix, "delimiter": delimiter, "continuation-token": token, "max-keys": max_keys}
        result = self._call("listV2", {name: value for name, value in query.items() if value}, {})
        return *self._listed(result), result.get("nextContinuationToken") or ""

    def initiate(self, key, headers=None):
        headers = headers or {}
        options = {"headers": headers}
        if "content-type" in lower(headers):
            options["mime"] = lower(headers)["content-type"]
        return self._call("initMultipartUpload", key, options)["uploadId"]

    def upload_part(self, key, upload, number, data):
        return self._call("uploadPart", key, upload, number, packed(data), 0, len(data), {})["etag"].strip('"')

    def copy_part(self, key, upload, number, source, first, last):
        result = self._call("uploadPartCopy", key, upload, number, f"{first}-{last}",
                            {"sourceKey": source, "sourceBucketName": self.bucket_name}, {})
        return result["etag"].strip('"')

    def parts(self, key, upload, max_parts=1000, marker=0):
        result = self._call("listParts", key, upload, {"max-parts": max_parts, "part-number-marker": marker}, {})
        parts = result["parts"] if isinstance(result["parts"], list) else [result["parts"]]
        return ([(int(p["PartNumber"]), p["ETag"].strip('"'), int(p["Size"])) for p in parts],
                result["isTruncated"] == "true")

    def complete(self, key, upload, parts, headers=None):
        listed = [{"number": number, "etag": etag} for number, etag in parts]
        return self._headers(self._call("completeMultipartUpload", key, upload, listed, {"headers": headers or {}}))

    def abort(self, key, upload):
        self._call("abortMultipartUpload", key, upload)

    def uploads(self, prefix="", max_uploads=1000, key_marker="", id_marker=""):
        query = {"prefix": prefix, "max-uploads": max_uploads, "key-marker": key_marker, "upload-id-marker": id_marker}
        result = self._call("listUploads", {name: value for name, value in query.items() if value}, {})
        more = (result["nextKeyMarker"], result["nextUploadIdMarker"]) if result["isTruncated"] else None
        return [(u["name"], u["uploadId"]) for u in result["uploads"]], more

    def append(self, key, position, data):
        return self._headers(self._call("append", key, packed(data), {"position": str(position)}))

    def versions(self, prefix):
        result = self._call("getBucketVersions", {"prefix": prefix})
        # It forgets which of the markers is the latest.
        return ([(v["name"], v["versionId"], v["isLatest"], False) for v in result["objects"]] +
                [(d["name"], d["versionId"], None, True) for d in result["deleteMarker"]])

    def bucket_info(self):
        info = self._call("getBucketInfo", self.bucket_name)["bucket"]
        return {"name": info["Name"], "location": info["Location"], "versioning": info.get("Versioning", "")}

    def bucket_location(self):
        return self._call("getBucketLocation", self.bucket_name)["location"]

    def upload_file(self, key, path, part_size, state):
        kept = pathlib.Path(state) / "ali-oss.json"
        checkpoint = json.loads(kept.read_text()) if kept.exists() else None
        answer = self._ask({"upload": {"key": key, "path": str(path), "checkpoint": checkpoint,
                                       "options": {"partSize": part_size, "parallel": 1}}})
        if "error" in answer:
            kept.write_text(json.dumps(answer["checkpoint"]))
            raise self._error(answer["error"])

    def download(self, key, path, part_size):
        self._call("get", key, str(path), {})

    def presign(self, method, key, seconds):
        # For an IP it makes none.
        options = {**self._options, "endpoint": f"http://{self._options['region']}.aliyuncs.com"}
        call = "signatureUrlV4" if self.v4 else "signatureUrl"
        args = [method, seconds, {}, key] if self.v4 else [key, {"method": method, "expires": seconds}]
        answer = self._ask({"presign": {"options": options, "call": call, "args": args}})
        if "error" in answer:
            raise self._error(answer["error"])
        return answer["result"]

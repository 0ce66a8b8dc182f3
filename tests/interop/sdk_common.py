"""What the cases ask of an SDK. Every adapter has the methods of Sdk, and calls the SDK's own code for each of them."""
import dataclasses

REGION = "cn-hangzhou"


class SdkError(Exception):
    """What an SDK raised for an answer of the server (status and code are its own reading of it), or by itself."""

    def __init__(self, status, code, text=""):
        super().__init__(f"{status} {code}: {text}")
        self.status, self.code, self.text = status, code, text


@dataclasses.dataclass
class Settings:
    """How a client is made. `host` stands for an endpoint that is reached through `url` as a proxy."""
    url: str
    bucket: str
    key_id: str
    secret: str
    signature: str = "v4"
    token: str | None = None
    region: str = REGION
    host: str | None = None
    cname: bool = False
    crc: bool = True


class Sdk:
    """The methods of the adapters. Headers have lower-case names; ETags have no quotes; keys are text.

    put, get, head, copy and complete answer headers of the reply; get also the bytes.
    """
    name = ""
    checks_crc = True       # whether it compares the CRC-64 of what it sent with the reply's
    proxies = True          # whether it can reach a made-up host through a proxy

    def put(self, key, data, headers=None, meta=None): raise NotImplementedError
    def put_stream(self, key, pieces): raise NotImplementedError  # without a length: chunked
    def get(self, key, headers=None, version=None): raise NotImplementedError
    def head(self, key, version=None): raise NotImplementedError
    def delete(self, key, version=None): raise NotImplementedError
    def delete_many(self, keys): raise NotImplementedError
    def copy(self, source, key, headers=None): raise NotImplementedError
    def set_tags(self, key, tags): raise NotImplementedError
    def tags(self, key): raise NotImplementedError
    def set_acl(self, key, acl): raise NotImplementedError
    def acl(self, key): raise NotImplementedError
    def page(self, prefix="", delimiter="", marker="", max_keys=100): raise NotImplementedError
    def page_v2(self, prefix="", delimiter="", token="", max_keys=100): raise NotImplementedError
    def initiate(self, key, headers=None): raise NotImplementedError
    def upload_part(self, key, upload, number, data): raise NotImplementedError
    def copy_part(self, key, upload, number, source, first, last): raise NotImplementedError
    def parts(self, key, upload, max_parts=1000, marker=0): raise NotImplementedError
    def complete(self, key, upload, parts, headers=None): raise NotImplementedError
    def abort(self, key, upload): raise NotImplementedError
    def uploads(self, prefix="", max_uploads=1000, key_marker="", id_marker=""): raise NotImplementedError
    def append(self, key, position, data): raise NotImplementedError
    def versions(self, prefix): raise NotImplementedError  # [(key, id, latest, deleted)]
    def bucket_info(self): raise NotImplementedError  # {name, location, versioning}
    def bucket_location(self): raise NotImplementedError
    def buckets(self): raise NotImplementedError
    def upload_file(self, key, path, part_size, state): raise NotImplementedError
    def download(self, key, path, part_size): raise NotImplementedError  # in ranges, if it can
    def presign(self, method, key, seconds): raise NotImplementedError
    def close(self): pass


def lower(headers):
    return {name.lower(): value for name, value in headers.items()}

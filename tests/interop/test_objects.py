"""Objects: bytes, metadata, headers, ranges, copies, tags, ACLs."""
import hashlib
import random

import pytest

from crc import crc64
from sdk_common import SdkError

DATA = random.Random(7).randbytes(5000)


def md5_hex(data):
    return hashlib.md5(data).hexdigest().upper()


@pytest.mark.parametrize("data", [b"", b"x", DATA], ids=["empty", "one", "many"])
def test_what_is_put_is_got(sdk, prefix, data):
    put = sdk.put(prefix + "a", data)
    headers, body = sdk.get(prefix + "a")
    assert body == data
    for told in (put, headers):
        assert told["etag"] == f'"{md5_hex(data)}"'
        assert int(told["x-oss-hash-crc64ecma"]) == crc64(data)
    assert headers["x-oss-object-type"] == "Normal"


def test_streams_without_a_length(sdk, prefix):
    pieces = [DATA, b"x", DATA[:777]]
    told = sdk.put_stream(prefix + "a", pieces)
    headers, body = sdk.get(prefix + "a")
    assert body == b"".join(pieces)
    assert told["etag"] == headers["etag"] == f'"{md5_hex(body)}"'
    assert int(told["x-oss-hash-crc64ecma"]) == crc64(body)


def test_metadata_and_content_headers_come_back(sdk, prefix):
    sdk.put(prefix + "a", DATA, meta={"color": "red", "with-dash": "1 2"},
            headers={"Content-Type": "text/x-test; charset=utf-8", "Cache-Control": "no-cache", "Content-Disposition":
                     'attachment; filename="a b.txt"', "x-oss-storage-class": "IA", "x-oss-tagging": "a=1&b=x%2By"})
    head = sdk.head(prefix + "a")
    assert head["x-oss-meta-color"] == "red" and head["x-oss-meta-with-dash"] == "1 2"
    assert head["content-type"] == "text/x-test; charset=utf-8"
    assert head["cache-control"] == "no-cache"
    assert head["content-disposition"] == 'attachment; filename="a b.txt"'
    assert head["x-oss-storage-class"] == "IA"
    assert head["x-oss-tagging-count"] == "2"
    assert head["content-length"] == str(len(DATA))
    assert sdk.tags(prefix + "a") == {"a": "1", "b": "x+y"}


@pytest.mark.parametrize("wanted,first,end", [("bytes=0-9", 0, 10), ("bytes=4990-", 4990, 5000), ("bytes=-7", 4993, 5000)])
def test_ranges(sdk, prefix, wanted, first, end):
    sdk.put(prefix + "a", DATA)
    headers, body = sdk.get(prefix + "a", {"Range": wanted})
    assert body == DATA[first:end]
    assert headers["content-range"] == f"bytes {first}-{end - 1}/5000"
    assert int(headers["x-oss-hash-crc64ecma"]) == crc64(DATA)  # always of the whole object


def test_a_range_that_leaves_the_object(sdk_v4, prefix):
    sdk_v4.put(prefix + "a", DATA)
    headers, body = sdk_v4.get(prefix + "a", {"Range": "bytes=6000-7000"})
    assert body == DATA and "content-range" not in headers
    with pytest.raises(SdkError) as refused:
        sdk_v4.get(prefix + "a", {"Range": "bytes=6000-7000", "x-oss-range-behavior": "standard"})
    assert (refused.value.status, refused.value.code) == (416, "InvalidRange")


def test_absent_objects(sdk, prefix):
    with pytest.raises(SdkError) as refused:
        sdk.get(prefix + "absent")
    assert (refused.value.status, refused.value.code) == (404, "NoSuchKey")
    with pytest.raises(SdkError) as refused:
        sdk.head(prefix + "absent")
    assert refused.value.status == 404 and refused.value.code == "NoSuchKey"  # of the header, or the SDK's own
    sdk.delete(prefix + "absent")


def test_deletes(sdk, prefix):
    names = [prefix + name for name in ("a", "b c", "d+e", "é", "x%2Fy", "tab\there")]
    for name in names:
        sdk.put(name, b"x")
    sdk.delete(names[0])
    assert [o[0] for o in sdk.page(prefix)[0]] == sorted(names[1:], key=str.encode)
    if sdk.name == "ali-oss":  # it writes keys into the XML as they are: a control character would be none
        names = [name for name in names if "\t" not in name]
    assert sorted(sdk.delete_many(names)) == sorted(names)
    left = [o[0] for o in sdk.page(prefix)[0]]
    assert left == [name for name in left if "\t" in name] and len(left) <= 1


def test_forbid_overwrite(sdk, prefix):
    sdk.put(prefix + "a", b"first", headers={"x-oss-forbid-overwrite": "true"})
    with pytest.raises(SdkError) as refused:
        sdk.put(prefix + "a", b"second", headers={"x-oss-forbid-overwrite": "true"})
    assert (refused.value.status, refused.value.code) == (409, "FileAlreadyExists")
    assert sdk.get(prefix + "a")[1] == b"first"
    sdk.put(prefix + "a", b"third", headers={"x-oss-forbid-overwrite": "false"})
    assert sdk.get(prefix + "a")[1] == b"third"


def test_copies(sdk, prefix):
    sdk.put(prefix + "from ü+%", DATA, headers={"Content-Type": "text/a", "x-oss-tagging": "k=v"}, meta={"color": "red"})
    copied = sdk.copy(prefix + "from ü+%", prefix + "to")
    assert copied["etag"] == md5_hex(DATA)
    headers, body = sdk.get(prefix + "to")
    assert body == DATA and int(headers["x-oss-hash-crc64ecma"]) == crc64(DATA)
    assert headers["x-oss-meta-color"] == "red" and headers["content-type"] == "text/a"
    assert sdk.tags(prefix + "to") == {"k": "v"}
    sdk.delete(prefix + "from ü+%")
    assert sdk.get(prefix + "to")[1] == DATA
    with pytest.raises(SdkError) as refused:
        sdk.copy(prefix + "from ü+%", prefix + "to")
    assert (refused.value.status, refused.value.code) == (404, "NoSuchKey")


def test_tags_and_acl(sdk, prefix):
    sdk.put(prefix + "a", b"x")
    assert sdk.tags(prefix + "a") == {} and sdk.acl(prefix + "a") == "default"
    sdk.set_tags(prefix + "a", {"one": "1", "t wo": "a=b"})
    sdk.set_acl(prefix + "a", "private")
    assert sdk.tags(prefix + "a") == {"one": "1", "t wo": "a=b"} and sdk.acl(prefix + "a") == "private"
    assert sdk.get(prefix + "a")[1] == b"x"


def test_appends(sdk, prefix):
    told = sdk.append(prefix + "a", 0, b"abc")
    assert told["x-oss-next-append-position"] == "3"
    told = sdk.append(prefix + "a", 3, b"de")
    assert told["x-oss-next-append-position"] == "5" and int(told["x-oss-hash-crc64ecma"]) == crc64(b"abcde")
    with pytest.raises(SdkError) as refused:
        sdk.append(prefix + "a", 3, b"x")
    assert (refused.value.status, refused.value.code) == (409, "PositionNotEqualToLength")
    headers, body = sdk.get(prefix + "a")
    assert body == b"abcde" and headers["x-oss-object-type"] == "Appendable"


def test_encryption_is_told(sdk_v4, prefix):
    put = sdk_v4.put(prefix + "a", b"x", headers={"x-oss-server-side-encryption": "KMS",
                                                  "x-oss-server-side-encryption-key-id": "key-1"})
    assert put["x-oss-server-side-encryption"] == "KMS"
    assert sdk_v4.head(prefix + "a")["x-oss-server-side-encryption-key-id"] == "key-1"


def test_a_wrong_content_md5_is_refused(sdk_v4, prefix):
    with pytest.raises(SdkError) as refused:
        sdk_v4.put(prefix + "a", b"x", headers={"Content-MD5": "XUFAKrxLKna5cZ2REBfFkg=="})
    assert (refused.value.status, refused.value.code) == (400, "InvalidDigest")

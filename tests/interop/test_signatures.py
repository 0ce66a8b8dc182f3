"""Who is let in: both versions of the signature, in the header and in the address, temporary keys, wrong ones."""
import contextlib
import http.client
import urllib.parse

import pytest

import harness
from conftest import CNAME, settings
from sdk_common import SdkError
from sdk_oss2 import Oss2

VERSIONS = pytest.mark.parametrize("signature", ["v4", "v1"])
TOKEN = "a/token+with=odd characters"


def fetch(emulator, url, method="GET", data=None, headers=None):
    """What a browser would do with the address. The host may be made up: the emulator is the proxy."""
    connection = http.client.HTTPConnection(emulator.netloc, timeout=30)
    with contextlib.closing(connection):
        connection.request(method, url, data, headers={"Host": urllib.parse.urlsplit(url).netloc,
                                                          **(headers or {})})
        response = connection.getresponse()
        return response.status, response.read()


@pytest.fixture(scope="module")
def temporary():
    """An emulator whose key is a temporary one."""
    with harness.Workspace() as workspace:
        token = workspace.path / "token"
        token.write_text(TOKEN)
        with harness.Emulator(workspace, "--security-token-file", token) as made:
            yield made


@VERSIONS
def test_a_wrong_secret(connect, emulator, signature):
    with pytest.raises(SdkError) as refused:
        connect(emulator, signature=signature, secret="wrong").put("a", b"x")
    assert (refused.value.status, refused.value.code) == (403, "SignatureDoesNotMatch")


@VERSIONS
def test_a_wrong_key_id(connect, emulator, signature):
    with pytest.raises(SdkError) as refused:
        connect(emulator, signature=signature, key_id="nobody").get("a")
    assert (refused.value.status, refused.value.code) == (403, "InvalidAccessKeyId")


def test_another_bucket(connect, emulator):
    with pytest.raises(SdkError) as refused:
        connect(emulator, bucket="no-such-bucket").get("a")
    assert (refused.value.status, refused.value.code) == (404, "NoSuchBucket")


def sends_token_elsewhere(connect, signature):
    """Python v2 with V1 sends the token as `security-token`, unsigned: a header that no document of OSS knows."""
    return connect.kind.name == "alibabacloud-oss-v2" and signature == "v1"


@VERSIONS
def test_a_temporary_key(connect, temporary, prefix, signature):
    client = connect(temporary, signature=signature, token=TOKEN)
    if sends_token_elsewhere(connect, signature):
        with pytest.raises(SdkError) as refused:
            client.put(prefix + "a", b"temporary")
        assert (refused.value.status, refused.value.code) == (403, "InvalidAccessKeyId")
        connect(temporary, token=TOKEN).put(prefix + "a", b"temporary")
        assert fetch(temporary, client.presign("GET", prefix + "a", 60)) == (200, b"temporary")
        return
    client.put(prefix + "a", b"temporary")
    assert client.get(prefix + "a")[1] == b"temporary"
    status, body = fetch(temporary, client.presign("GET", prefix + "a", 60))
    assert (status, body) == (200, b"temporary")


@VERSIONS
def test_a_temporary_key_with_another_token_or_none(connect, temporary, signature):
    if sends_token_elsewhere(connect, signature):
        pytest.skip("see there")
    with pytest.raises(SdkError) as refused:
        connect(temporary, signature=signature, token="another").get("a")
    assert (refused.value.status, refused.value.code) == (403, "InvalidSecurityToken")
    with pytest.raises(SdkError) as refused:
        connect(temporary, signature=signature).get("a")
    assert (refused.value.status, refused.value.code) == (403, "InvalidAccessKeyId")


@VERSIONS
def test_a_token_that_expires(connect, temporary, prefix, signature):
    if sends_token_elsewhere(connect, signature):
        pytest.skip("see there")
    client = connect(temporary, signature=signature, token=TOKEN)
    client.put(prefix + "a", b"x")
    temporary.add_fault("GetObject", "error", key=prefix + "a", status=403, code="SecurityTokenExpired")
    with pytest.raises(SdkError) as refused:
        client.get(prefix + "a")
    assert (refused.value.status, refused.value.code) == (403, "SecurityTokenExpired")
    assert client.get(prefix + "a")[1] == b"x"


def test_additional_headers_are_signed(emulator, prefix):
    client = Oss2(settings(emulator))
    client.put(prefix + "a", b"x")
    url = client.bucket.sign_url("GET", prefix + "a", 60, headers={"ZAbc": "some value"}, slash_safe=True,
                                 additional_headers=["ZAbc"])
    assert "x-oss-additional-headers=zabc" in url
    assert fetch(emulator, url, headers={"zabc": "some value"}) == (200, b"x")
    status, body = fetch(emulator, url, headers={"zabc": "another"})
    assert status == 403 and b"SignatureDoesNotMatch" in body
    assert fetch(emulator, url)[0] == 400  # it names a header that does not come


def test_another_region_in_the_scope(connect, emulator):
    if connect.kind.name == "ali-oss":
        pytest.skip("it names the region in the host as well: the next case")
    with pytest.raises(SdkError) as refused:
        connect(emulator, region="cn-beijing").get("a")
    assert (refused.value.status, refused.value.code) == (400, "InvalidArgument")
    assert "Invalid signing region" in refused.value.text


@VERSIONS
def test_another_region_in_the_host(connect, emulator, signature):
    more = {"host": "oss-cn-beijing.aliyuncs.com"} if connect.kind.proxies else {}
    with pytest.raises(SdkError) as refused:
        connect(emulator, signature=signature, region="cn-beijing", **more).get("a")
    assert (refused.value.status, refused.value.code) == (403, "AccessDenied")
    assert "must be addressed using the specified endpoint" in refused.value.text


@VERSIONS
@pytest.mark.parametrize("host", [f"oss-{harness.REGION}.aliyuncs.com", f"oss-{harness.REGION}-internal.aliyuncs.com",
                                  f"{harness.REGION}.oss.aliyuncs.com", "oss-accelerate.aliyuncs.com"])
def test_virtual_hosts(connect, emulator, prefix, signature, host):
    if not connect.kind.proxies:
        pytest.skip("every other case of it is one")
    client = connect(emulator, signature=signature, host=host)
    client.put(prefix + "a b+c", b"by host")
    assert client.get(prefix + "a b+c")[1] == b"by host"
    assert [name for name, _, _ in client.page(prefix)[0]] == [prefix + "a b+c"]


@VERSIONS
def test_a_customer_domain(connect, emulator, prefix, signature):
    if not connect.kind.proxies:
        pytest.skip("it takes no proxy for a made-up domain")
    client = connect(emulator, signature=signature, host=CNAME, cname=True)
    client.put(prefix + "a", b"by domain")
    assert client.get(prefix + "a")[1] == b"by domain"
    assert client.page(prefix)[0][0][0] == prefix + "a"


def test_signed_addresses(sdk, emulator, prefix):
    key = prefix + "ü a+b%"
    status, _ = fetch(emulator, sdk.presign("PUT", key, 60), "PUT", b"by address")
    assert status == 200
    assert fetch(emulator, sdk.presign("GET", key, 60)) == (200, b"by address")
    broken = sdk.presign("GET", key, 60).replace("ignature=", "ignature=0")
    status, body = fetch(emulator, broken)
    assert status == 403 and b"SignatureDoesNotMatch" in body
    # An hour later.
    emulator.add_fault("GetObject", "skew", key=key, delay_ms=3600000)
    status, body = fetch(emulator, sdk.presign("GET", key, 60))
    assert status == 403 and b"expired" in body


def test_a_clock_that_is_wrong(connect, emulator, prefix):
    client = connect(emulator)
    client.put(prefix + "a", b"x")
    emulator.add_fault("GetObject", "skew", key=prefix + "a", delay_ms=3600000)
    with pytest.raises(SdkError) as refused:
        client.get(prefix + "a")
    assert (refused.value.status, refused.value.code) == (403, "RequestTimeTooSkewed")

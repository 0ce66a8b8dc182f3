"""What buckets tell about themselves, and those whose requesters pay."""
import pytest

import harness
from conftest import SDKS, settings
from sdk_common import SdkError


def test_facts(sdk):
    assert sdk.bucket_info() == {"name": harness.BUCKET, "location": f"oss-{harness.REGION}", "versioning": ""}
    assert sdk.bucket_location() == f"oss-{harness.REGION}"


def test_buckets_are_listed(sdk):
    if sdk.name == "ali-oss":
        pytest.skip("with an IP it names a bucket in the host that there is not")
    assert sdk.buckets() == [harness.BUCKET]


@pytest.fixture(scope="module")
def paid():
    with harness.Workspace() as workspace:
        with harness.Emulator(workspace, "--requester-pays", harness.BUCKET) as made:
            yield made


@pytest.mark.parametrize("kind", SDKS, ids=lambda kind: kind.name)
def test_requesters_must_agree_to_pay(paid, kind):
    client = kind(settings(paid))
    try:
        with pytest.raises(SdkError) as refused:
            client.put("a", b"x")
        assert (refused.value.status, refused.value.code) == (403, "AccessDenied")
        client.put("a", b"x", headers={"x-oss-request-payer": "requester"})
        assert paid.request("GET", "a", headers={"x-oss-request-payer": "requester"})[2] == b"x"
    finally:
        client.close()


def test_traffic_limits(sdk_v4, prefix):
    sdk_v4.put(prefix + "a", b"x", headers={"x-oss-traffic-limit": "819200"})
    with pytest.raises(SdkError) as refused:
        sdk_v4.put(prefix + "b", b"x", headers={"x-oss-traffic-limit": "100"})
    assert (refused.value.status, refused.value.code) == (400, "InvalidArgument")
    assert [name for name, _, _ in sdk_v4.page(prefix)[0]] == [prefix + "a"]

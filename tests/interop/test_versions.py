"""A bucket with versioning."""
import pytest

import harness
from conftest import SDKS, settings
from sdk_common import SdkError


@pytest.fixture(scope="module")
def versioned():
    with harness.Workspace() as workspace:
        with harness.Emulator(workspace, "--versioning", harness.BUCKET) as made:
            yield made


@pytest.fixture(scope="module", params=SDKS, ids=lambda p: p.name)
def client(request, versioned):
    made = request.param(settings(versioned))
    yield made
    made.close()


def test_versions(client, prefix):
    key = prefix + "a"
    first = client.put(key, b"first")["x-oss-version-id"]
    second = client.put(key, b"second", headers={"x-oss-forbid-overwrite": "true"})["x-oss-version-id"]  # without effect
    assert first != second
    assert client.get(key)[1] == b"second" and client.head(key)["x-oss-version-id"] == second
    assert client.get(key, version=first)[1] == b"first"
    assert client.head(key, version=first)["content-length"] == "5"


def test_delete_markers(client, prefix):
    key = prefix + "a"
    version = client.put(key, b"kept")["x-oss-version-id"]
    deleted = client.delete(key)
    assert deleted["x-oss-delete-marker"] == "true" and deleted["x-oss-version-id"] != version
    with pytest.raises(SdkError) as refused:
        client.get(key)
    assert (refused.value.status, refused.value.code) == (404, "NoSuchKey")
    assert client.page(prefix)[0] == []
    assert client.get(key, version=version)[1] == b"kept"
    again = client.delete(key, version=deleted["x-oss-version-id"])
    assert again["x-oss-delete-marker"] == "true"
    assert client.get(key)[1] == b"kept"
    client.delete(key, version=version)
    with pytest.raises(SdkError) as refused:
        client.get(key, version=version)
    assert (refused.value.status, refused.value.code) == (404, "NoSuchVersion")


def test_versions_are_listed(client, prefix):
    first = client.put(prefix + "a +", b"1")["x-oss-version-id"]
    second = client.put(prefix + "a +", b"2")["x-oss-version-id"]
    marker = client.delete(prefix + "a +")["x-oss-version-id"]
    last = client.put(prefix + "b", b"3")["x-oss-version-id"]
    found = client.versions(prefix)
    key = prefix + "a +"
    assert found[:3] == [(key, second, False, False), (key, first, False, False), (prefix + "b", last, True, False)]
    assert found[3][:2] == (key, marker) and found[3][2] is not False and found[3][3] and len(found) == 4


def test_the_bucket_says_so(client):
    assert client.bucket_info()["versioning"] == "Enabled"


def test_completed_and_copied_objects_have_versions(client, prefix):
    key = prefix + "a"
    client.put(key, b"before")
    upload = client.initiate(key)
    told = client.complete(key, upload, [(1, client.upload_part(key, upload, 1, b"after"))],
                           headers={"x-oss-forbid-overwrite": "true"})  # without effect, too
    assert client.head(key)["x-oss-version-id"] == told["x-oss-version-id"]
    assert client.get(key)[1] == b"after"
    copied = client.copy(key, prefix + "b")
    assert copied["x-oss-copy-source-version-id"] == told["x-oss-version-id"]
    assert copied["x-oss-version-id"] not in ("", told["x-oss-version-id"])

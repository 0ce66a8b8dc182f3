"""The SDKs' own resumable uploads: interrupted, and resumed from their own checkpoints; and their checks."""
import pytest

import harness
from sdk_common import SdkError

PART = 102400


def sent_parts(emulator, key, since):
    """Numbers of the parts of `key` that were stored."""
    return [e["part_number"] for e in emulator.journal(since)
            if e["operation"] == "UploadPart" and e["key"] == key and e["status"] == 200]


@pytest.fixture
def workspace():
    with harness.Workspace() as made:
        yield made


def test_an_interrupted_upload_is_resumed(sdk, emulator, prefix, workspace):
    path = workspace.file("source", 4 * PART + 5, seed=11)
    key = prefix + "a"
    emulator.add_fault("UploadPart", "error", key=key, part_number=3, status=400, code="InvalidArgument")
    since = emulator.position()
    with pytest.raises(SdkError) as refused:
        sdk.upload_file(key, path, PART, workspace.path)
    assert refused.value.code == "InvalidArgument"
    assert sent_parts(emulator, key, since) == [1, 2]
    since = emulator.position()
    sdk.upload_file(key, path, PART, workspace.path)
    assert sent_parts(emulator, key, since) == [3, 4, 5]
    assert not [e for e in emulator.journal(since) if e["operation"] == "InitiateMultipartUpload"]
    assert sdk.get(key)[1] == path.read_bytes()
    assert not [u for u in emulator.uploads() if u["key"] == key]


def test_a_broken_connection_is_resumed(sdk_v4, emulator, prefix, workspace):
    path = workspace.file("source", 3 * PART, seed=12)
    key = prefix + "a"
    emulator.add_fault("UploadPart", "reset_mid_body", key=key, part_number=2, count=10)
    since = emulator.position()
    with pytest.raises(SdkError) as refused:
        sdk_v4.upload_file(key, path, PART, workspace.path)
    assert refused.value.status in (-1, -2)  # no answer of the server
    assert sent_parts(emulator, key, since) == [1]
    emulator.clear_faults()
    since = emulator.position()
    sdk_v4.upload_file(key, path, PART, workspace.path)
    assert sent_parts(emulator, key, since) == [2, 3]
    assert sdk_v4.get(key)[1] == path.read_bytes()


def test_an_upload_that_a_lifecycle_rule_removed(sdk_v4, emulator, prefix, workspace):
    path = workspace.file("source", 3 * PART, seed=13)
    key = prefix + "a"
    emulator.add_fault("UploadPart", "error", key=key, part_number=3, status=400, code="InvalidArgument")
    with pytest.raises(SdkError):
        sdk_v4.upload_file(key, path, PART, workspace.path)
    emulator.control("POST", "drop_uploads")
    since = emulator.position()
    if sdk_v4.name == "ali-oss":  # it asks nobody whether the upload is there
        with pytest.raises(SdkError) as refused:
            sdk_v4.upload_file(key, path, PART, workspace.path)
        assert refused.value.code in ("NoSuchUpload", "abort")
        return
    sdk_v4.upload_file(key, path, PART, workspace.path)
    assert sent_parts(emulator, key, since) == [1, 2, 3]
    assert sdk_v4.get(key)[1] == path.read_bytes()


def test_downloads(sdk, emulator, prefix, workspace):
    path = workspace.file("source", 3 * PART + 5, seed=15)
    sdk.upload_file(prefix + "a", path, PART, workspace.path)
    since = emulator.position()
    sdk.download(prefix + "a", workspace.path / "target", PART)
    assert (workspace.path / "target").read_bytes() == path.read_bytes()
    gets = [e for e in emulator.journal(since) if e["operation"] == "GetObject"]
    assert len(gets) == (1 if sdk.name == "ali-oss" else 4)  # the Python SDKs ask for ranges


def test_a_wrong_crc_of_a_download_is_noticed(connect, emulator, prefix, workspace):
    client = connect(emulator)
    if not client.checks_crc:
        pytest.skip("it compares no CRC")
    client.put(prefix + "a", b"x" * 1000)
    # One tells it on HEAD, the other on the first GET.
    emulator.add_fault("*", "wrong_crc", key=prefix + "a", count=10)
    with pytest.raises(SdkError) as noticed:
        client.download(prefix + "a", workspace.path / "target", PART)
    assert "crc" in str(noticed.value).lower() or "inconsistent" in str(noticed.value).lower()


@pytest.mark.parametrize("operation", ["PutObject", "UploadPart"])
def test_a_wrong_crc_is_noticed(connect, emulator, prefix, operation):
    """Or else the checks above would prove nothing."""
    client = connect(emulator)
    if not client.checks_crc:
        pytest.skip("it compares no CRC")
    key = prefix + "a"
    emulator.add_fault(operation, "wrong_crc", key=key)

    def send():
        if operation == "PutObject":
            client.put(key, b"x" * 1000)
        else:
            client.upload_part(key, client.initiate(key), 1, b"x" * 1000)
    with pytest.raises(SdkError) as noticed:
        send()
    assert "crc" in str(noticed.value).lower() or "inconsistent" in str(noticed.value).lower()
    send()


def test_a_wrong_crc_at_the_end_is_noticed(connect, emulator, prefix, workspace):
    client = connect(emulator)
    if not client.checks_crc:
        pytest.skip("it compares no CRC")
    path = workspace.file("source", 2 * PART, seed=14)
    emulator.add_fault("CompleteMultipartUpload", "wrong_crc", key=prefix + "a")
    with pytest.raises(SdkError) as noticed:
        client.upload_file(prefix + "a", path, PART, workspace.path)
    assert "crc" in str(noticed.value).lower() or "inconsistent" in str(noticed.value).lower()

"""What OSS says of a failure reaches the client's error and the server's log: status, code, EC, message, request id."""
import itertools
import json

import pytest

import harness
from harness import BUCKET, MIB

CODES = [("InitiateMultipartUpload", 403, "AccessDenied", "BACKEND_DENIED"),
         ("UploadPart", 403, "UserDisable", "BACKEND_DENIED"),
         ("CompleteMultipartUpload", 400, "EntityTooSmall", "BACKEND_REJECTED"),
         ("PutObject", 403, "KmsServiceNotEnabled", "BACKEND_DENIED")]


@pytest.fixture(scope="module")
def setup():
    with harness.Workspace() as workspace, harness.Emulator(workspace) as emulator:
        # What a remote has learnt of the load stays with it: each test of throttling has its own.
        remotes = {name: emulator.remote() for name in ("oss", "throttled-error", "throttled-qos_delay")}
        with harness.Server(workspace, remotes) as server:
            yield workspace, emulator, server


def told(entry):
    """What an entry of the emulator's journal must have become elsewhere."""
    return {"http_status": str(entry["status"]), "oss_code": entry["code"], "oss_request_id": entry["request_id"]}


def logged(server, event, request_id):
    """The lines of the server's log about `event` that name the request."""
    server.process.wait_error(lambda line: event in line and request_id in line)
    lines = [json.loads(line) for line in server.log().splitlines()]
    return [line for line in lines if line.get("oss_request_id") == request_id and event in line.values()]


@pytest.mark.parametrize("operation,status,code,reason", CODES)
def test_refusal_is_told_to_the_end(setup, operation, status, code, reason):
    workspace, emulator, server = setup
    since = emulator.position()
    emulator.add_fault(operation, "error", status=status, code=code)
    path = workspace.file("source", 1000 if operation == "PutObject" else 3 * MIB, seed=status)
    exit_code, lines, errors = harness.run_cli(workspace, "put", path, f"oss:{BUCKET}/refused-{operation}", "--json",
                                               "--part-size", "1MiB", server=server)
    emulator.clear_faults()
    assert exit_code != 0
    entry = next(e for e in emulator.journal(since) if e["code"] == code)
    error = harness.events(lines)[-1]
    assert error["reason"] == reason, error
    metadata = error["metadata"]
    assert {name: metadata[name] for name in told(entry)} == told(entry), error
    assert metadata["oss_ec"] and metadata["oss_message"], error
    assert entry["request_id"] in errors and code in errors
    for event in ("request to OSS failed", "stream closed"):
        line = logged(server, event, entry["request_id"])[0]
        assert {name: line[name] for name in told(entry)} == told(entry), line
        assert (line["bucket"], line["key"]) == (BUCKET, f"refused-{operation}"), line
        assert line["oss_ec"] == metadata["oss_ec"] and line["oss_message"] == metadata["oss_message"], line


def test_failure_that_was_mended_is_logged(setup):
    workspace, emulator, server = setup
    since = emulator.position()
    emulator.add_fault("UploadPart", "error", status=500, code="InternalError")
    path = workspace.file("source", 3 * MIB, seed=3)
    exit_code, _, errors = harness.run_cli(workspace, "put", path, f"oss:{BUCKET}/mended", "--part-size", "1MiB",
                                           server=server)
    assert exit_code == 0, errors
    entry = next(e for e in emulator.journal(since) if e["code"] == "InternalError")
    line = logged(server, "request to OSS failed", entry["request_id"])[0]
    assert {name: line[name] for name in told(entry)} == told(entry), line
    assert (line["bucket"], line["key"], line["method"]) == (BUCKET, "mended", "PUT")


@pytest.mark.parametrize("kind,more", [("error", {"status": 503, "code": "TotalQpsLimitExceeded", "count": 3}),
                                       ("qos_delay", {"delay_ms": 20, "count": 3})])
def test_throttled_upload_finishes_with_fewer_requests_at_a_time(setup, kind, more):
    workspace, emulator, server = setup
    path = workspace.file("source", 12 * MIB, seed=12)
    event = "OSS is throttling"
    before, seen = sum(event in line for line in server.process.errors.lines), itertools.count()
    emulator.add_fault("UploadPart", kind, **more)
    exit_code, _, errors = harness.run_cli(workspace, "put", path, f"throttled-{kind}:{BUCKET}/throttled-{kind}",
                                           "--part-size", "1MiB", server=server)
    emulator.clear_faults()
    assert exit_code == 0, errors
    line = json.loads(server.process.wait_error(lambda line: event in line and next(seen) >= before))
    assert 2 <= int(line["limit"]) < 128, line
    assert emulator.read(f"throttled-{kind}") == path.read_bytes()

"""penstock doctor: what works is told, what does not is told with its remedy, and nothing is left behind."""
import pytest

import harness
from harness import BUCKET

OPERATIONS = ["list_uploads", "put_object", "stat_object", "initiate_upload", "upload_part", "list_parts",
              "complete_upload", "abort_upload", "delete_object"]
CHECKS = {"endpoint", "clock", "credentials", "region", "bucket", *OPERATIONS, "crc64", "cleanup"}


def doctor(workspace, remote, bucket=BUCKET, name="oss"):
    """(exit code, the checks by name, stderr)"""
    with harness.Server(workspace, {name: remote}) as server:
        code, lines, errors = harness.run_cli(workspace, "doctor", f"{name}:{bucket}", "--json", server=server)
    checks = {event["name"]: event for event in harness.events(lines)}
    assert len(checks) == len(lines), "each is told once"
    return code, checks, errors


def failed(checks):
    return {name for name, check in checks.items() if check["outcome"] == "failed"}


def skipped(checks):
    return {name for name, check in checks.items() if check["outcome"] == "skipped"}


def test_good_remote_passes_everything_and_nothing_is_left(workspace, emulator):
    code, checks, errors = doctor(workspace, emulator.remote())
    assert code == 0, (checks, errors)
    assert set(checks) == CHECKS and failed(checks) | skipped(checks) == set()
    state = emulator.control("GET", "state")
    assert (state["objects"], state["uploads"]) == (0, 0)
    operations = {entry["operation"] for entry in emulator.journal()}
    assert operations >= {"ListMultipartUploads", "PutObject", "HeadObject", "InitiateMultipartUpload", "UploadPart",
                          "ListParts", "CompleteMultipartUpload", "AbortMultipartUpload", "DeleteObject"}


def test_text_names_the_remote_and_what_failed(workspace, emulator):
    emulator.add_fault("DeleteObject", "error", status=403, code="AccessDenied", count=1000)
    with harness.Server(workspace, {"oss": emulator.remote()}) as server:
        code, lines, errors = harness.run_cli(workspace, "doctor", f"oss:{BUCKET}", server=server)
    assert code == 1, errors
    assert lines[0] == f"oss:{BUCKET}"
    assert any(line.startswith("ok       put_object") for line in lines)
    at = next(i for i, line in enumerate(lines) if line.startswith("failed   delete_object"))
    assert "-> grant oss:DeleteObject" in lines[at + 1]
    assert lines[-1] == "14 ok, 2 failed, 0 skipped"


def test_folder_passes_without_credentials_and_region(workspace):
    code, checks, errors = doctor(workspace, harness.local_remote(workspace), name="disk")
    assert code == 0, (checks, errors)
    assert skipped(checks) == {"credentials", "region"}
    assert not list((workspace.path / "objects" / BUCKET).iterdir())


@pytest.mark.parametrize("operation,name,permission", [
    ("ListMultipartUploads", "list_uploads", "oss:ListMultipartUploads"),
    ("PutObject", "put_object", "oss:PutObject"),
    ("HeadObject", "stat_object", "oss:GetObject"),
    ("InitiateMultipartUpload", "initiate_upload", "oss:PutObject"),
    ("UploadPart", "upload_part", "oss:PutObject"),
    ("ListParts", "list_parts", "oss:ListParts"),
    ("CompleteMultipartUpload", "complete_upload", "oss:PutObject"),
    ("AbortMultipartUpload", "abort_upload", "oss:AbortMultipartUpload"),
    ("DeleteObject", "delete_object", "oss:DeleteObject"),
])
def test_denied_operation_is_told_with_the_permission_to_grant(workspace, emulator, operation, name, permission):
    emulator.add_fault(operation, "error", status=403, code="AccessDenied", count=1000)
    code, checks, errors = doctor(workspace, emulator.remote())
    assert code == 1, errors
    # Complete is described by a HEAD; what may not be removed is left behind.
    too = {"stat_object": {"complete_upload"}, "abort_upload": {"cleanup"}, "delete_object": {"cleanup"}}
    assert failed(checks) == {name} | too.get(name, set())
    check = checks[name]
    assert check["reason"] == "BACKEND_DENIED" and "AccessDenied" in check["message"]
    assert permission in check["remedy"]
    for well in ("endpoint", "credentials", "region", "bucket"):
        assert checks[well]["outcome"] == "ok", "who was asked is known"
    left = emulator.control("GET", "state")
    assert (left["objects"], left["uploads"]) == {"abort_upload": (0, 1), "delete_object": (1, 0)}.get(name, (0, 0))


def test_wrong_secret_blames_the_credentials_and_shows_none(workspace, emulator):
    wrong = workspace.path / "wrong"
    wrong.write_text("a-secret-that-is-wrong")
    wrong.chmod(0o600)
    code, checks, errors = doctor(workspace, {**emulator.remote(), "access_key_secret_file": str(wrong)})
    assert code == 1 and failed(checks) == {"credentials"}, checks
    assert "SignatureDoesNotMatch" in checks["credentials"]["message"]
    assert "secret" in checks["credentials"]["remedy"]
    assert checks["endpoint"]["outcome"] == "ok" and checks["put_object"]["outcome"] == "skipped"
    assert "a-secret-that-is-wrong" not in str(checks) + errors


def test_unknown_access_key_blames_the_credentials(workspace, emulator):
    code, checks, _ = doctor(workspace, {**emulator.remote(), "access_key_id": "another-key-id"})
    assert code == 1 and failed(checks) == {"credentials"}
    assert "InvalidAccessKeyId" in checks["credentials"]["message"]


def test_wrong_region_says_which_option_to_set(workspace, emulator):
    code, checks, _ = doctor(workspace, {**emulator.remote(), "region": "cn-beijing"})
    assert code == 1 and failed(checks) == {"region"}, checks
    assert "region" in checks["region"]["remedy"]
    assert checks["endpoint"]["outcome"] == "ok"
    assert checks["credentials"]["outcome"] == "skipped", "nobody has looked at them"


def test_missing_bucket(workspace, emulator):
    code, checks, _ = doctor(workspace, emulator.remote(), bucket="no-such-bucket")
    assert code == 1 and failed(checks) == {"bucket"}, checks
    assert checks["endpoint"]["outcome"] == "ok"


def test_nobody_answers(workspace, emulator):
    remote = {**emulator.remote(), "endpoint": f"http://127.0.0.1:{harness.free_port()}"}
    code, checks, _ = doctor(workspace, remote)
    assert code == 1 and failed(checks) == {"endpoint"}, checks
    assert "endpoint" in checks["endpoint"]["remedy"]
    assert checks["credentials"]["outcome"] == "skipped"
    assert set(checks) == CHECKS


def test_stranger_at_the_endpoint(workspace, emulator):
    emulator.add_fault("ListMultipartUploads", "error", status=404, code="", xml=False, count=1000)
    code, checks, _ = doctor(workspace, emulator.remote())
    assert code == 1 and failed(checks) == {"endpoint"}, checks


@pytest.mark.parametrize("hours,word", [(1, "ahead of"), (-1, "behind")])
def test_clock_that_is_off_is_told_though_the_requests_get_through(workspace, emulator, hours, word):
    emulator.add_fault("*", "skew", delay_ms=hours * 3600 * 1000, count=1000)
    code, checks, errors = doctor(workspace, emulator.remote())
    assert code == 1 and failed(checks) == {"clock"}, (checks, errors)
    seconds = int(checks["clock"]["message"].split(" s ")[0].split()[-1])
    assert word in checks["clock"]["message"] and abs(seconds - 3600) < 60
    assert "NTP" in checks["clock"]["remedy"]


def test_endpoint_without_crc64(workspace):
    with harness.Emulator(workspace, "--no-crc64") as emulator:
        code, checks, _ = doctor(workspace, emulator.remote())
        assert code == 1 and failed(checks) == {"crc64"}, checks
        assert checks["crc64"]["reason"] == "NO_CRC64"


def test_temporary_object_keeps_to_the_remotes_prefix_and_every_bucket_is_checked(workspace, emulator):
    remote = {**emulator.remote(), "buckets": [BUCKET, "missing-bucket"], "prefix": "team-a/"}
    with harness.Server(workspace, {"oss": remote}) as server:
        code, lines, errors = harness.run_cli(workspace, "doctor", "oss:", "--json", server=server)
    assert code == 1, errors
    events = harness.events(lines)
    assert [(e["bucket"], e["name"]) for e in events if e["outcome"] == "failed"] == [("missing-bucket", "bucket")]
    keys = {entry["key"] for entry in emulator.journal() if entry["key"]}
    assert keys and all(key.startswith("team-a/penstock-doctor-") for key in keys)


@pytest.mark.parametrize("arguments,expected,text", [
    (["oss:"], 2, "BUCKET_REQUIRED"),
    (["nowhere:bucket"], 2, "UNKNOWN_REMOTE"),
    (["oss"], 2, "BAD_DESTINATION"),
    (["oss:NotAName"], 2, "BAD_BUCKET"),
])
def test_wrong_usage(workspace, emulator, arguments, expected, text):
    with harness.Server(workspace, {"oss": emulator.remote()}) as server:
        code, _, errors = harness.run_cli(workspace, "doctor", *arguments, server=server)
    assert code == expected and text in errors, errors

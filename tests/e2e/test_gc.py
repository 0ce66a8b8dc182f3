"""penstock gc: what nobody owns goes, what a session owns stays, and nothing else is touched."""
import signal

import pytest

import harness
from harness import BUCKET, MIB

HOUR = 3600
DAY = 24 * HOUR


@pytest.fixture
def server(workspace, emulator):
    with harness.Server(workspace, {"oss": emulator.remote()}) as made:
        yield made


def gc(workspace, server, *more, destination=f"oss:{BUCKET}"):
    """(exit code, the events, stderr)"""
    code, lines, errors = harness.run_cli(workspace, "gc", destination, "--json", *more, server=server)
    return code, harness.events(lines), errors


def leave_unfinished(workspace, server, emulator, key, age):
    """A put whose client was killed in the middle, and whose upload was initiated `age` seconds ago: its file."""
    path = workspace.file(f"source of {key}", 20 * MIB)
    # Once to be told the time, once to be believed.
    emulator.initiate_in_the_past(age, 2)
    emulator.hold_parts_from(3)
    with harness.cli(workspace, "put", path, f"oss:{BUCKET}/{key}", "--part-size", "1MiB", "--json",
                     server=server) as process:
        process.wait_line('"committed_size":2097152')
        emulator.wait_for("UploadPart", count=3)
        process.signal(signal.SIGKILL)
        process.wait()
    emulator.clear_faults()
    return path


def test_orphans_go_and_the_upload_of_a_session_stays_and_is_resumed(workspace, server, emulator):
    path = leave_unfinished(workspace, server, emulator, "owned", 8 * DAY)
    owned = emulator.upload_ids()
    big = emulator.orphan("big key", parts=[100 * 1024, 7], age=8 * DAY)
    empty = emulator.orphan("empty", age=30 * DAY)
    code, events, errors = gc(workspace, server)
    assert code == 0, errors
    uploads = {event["upload_id"]: event for event in events[:-1]}
    assert set(uploads) == {big, empty}
    assert {event["disposal"] for event in uploads.values()} == {"aborted"}
    assert uploads[big]["key"] == "big key" and uploads[big]["bucket"] == BUCKET
    assert (uploads[big]["part_count"], uploads[big]["stored_size"]) == (2, 100 * 1024 + 7)
    assert (uploads[empty]["part_count"], uploads[empty]["stored_size"]) == (0, 0)
    summary = events[-1]
    assert summary["event"] == "summary"
    assert (summary["listed_count"], summary["owned_count"], summary["aborted_count"]) == (3, 1, 2)
    assert (summary["aborted_size"], summary["failed_count"]) == (100 * 1024 + 7, 0)
    assert emulator.upload_ids() == owned
    # What the session had stored is still there: the same command goes on.
    code, lines, errors = harness.run_cli(workspace, "put", path, f"oss:{BUCKET}/owned", "--part-size", "1MiB",
                                          "--json", server=server)
    assert code == 0, errors
    assert harness.events(lines)[-1]["bytes_sent"] <= 18 * MIB
    assert emulator.read("owned") == path.read_bytes()
    code, events, _ = gc(workspace, server)
    assert code == 0 and events[-1]["listed_count"] == 0


def test_upload_of_a_session_is_known_after_a_restart_too(workspace, server, emulator):
    leave_unfinished(workspace, server, emulator, "owned", 8 * DAY)
    owned = emulator.upload_ids()
    server.kill()
    server.start()
    code, events, errors = gc(workspace, server, "--older-than", "1h")
    assert code == 0 and events[-1]["owned_count"] == 1, errors
    assert emulator.upload_ids() == owned


def test_upload_that_the_server_still_has_to_discard_is_left_to_it(workspace, server, emulator):
    leave_unfinished(workspace, server, emulator, "aborted", 8 * DAY)
    owned = emulator.upload_ids()
    emulator.add_fault("AbortMultipartUpload", "error", status=403, code="AccessDenied", count=1000)
    _, lines, _ = harness.run_cli(workspace, "sessions", "--json", server=server)
    [session] = harness.events(lines)
    code, _, errors = harness.run_cli(workspace, "abort", "--id", session["session_id"], server=server)
    assert code == 0, errors
    refused = emulator.wait_for("AbortMultipartUpload")["next"]
    emulator.clear_faults()
    code, events, errors = gc(workspace, server)
    assert code == 0 and events[-1]["owned_count"] == 1, errors
    assert not any(e["operation"] == "ListParts" for e in emulator.journal(refused)), "it was not even looked at"
    assert emulator.upload_ids() == owned


def test_dry_run_tells_and_changes_nothing(workspace, server, emulator):
    orphan = emulator.orphan("k", parts=[5], age=8 * DAY)
    code, events, errors = gc(workspace, server, "--dry-run")
    assert code == 0, errors
    assert [(e["upload_id"], e["disposal"], e["stored_size"]) for e in events[:-1]] == [(orphan, "orphaned", 5)]
    assert (events[-1]["dry_run"], events[-1]["orphaned_count"], events[-1]["aborted_count"]) == (True, 1, 0)
    assert not any(e["operation"] == "AbortMultipartUpload" for e in emulator.journal())
    assert emulator.upload_ids() == {orphan}


@pytest.mark.parametrize("older_than,goes", [
    ([], {"eight days"}),
    (["--older-than", "36h"], {"eight days", "two days"}),
    (["--older-than", "1d12h"], {"eight days", "two days"}),
    (["--older-than", "1h"], {"eight days", "two days", "two hours"}),
    (["--older-than", "30d"], set()),
])
def test_only_what_is_old_enough_goes(workspace, server, emulator, older_than, goes):
    ages = {"eight days": 8 * DAY, "two days": 2 * DAY, "two hours": 2 * HOUR, "now": 0}
    for key, age in ages.items():
        emulator.orphan(key, age=age)
    code, events, errors = gc(workspace, server, *older_than)
    assert code == 0, errors
    assert {e["key"] for e in events[:-1]} == goes
    assert events[-1]["young_count"] == len(ages) - len(goes)
    assert {u["key"] for u in emulator.uploads()} == set(ages) - goes


def test_one_that_cannot_be_discarded_is_told_and_the_rest_goes_on(workspace, server, emulator):
    for i in range(12):  # more than are discarded at a time
        emulator.orphan(f"k{i:02}", age=8 * DAY)
    emulator.add_fault("AbortMultipartUpload", "error", status=403, code="AccessDenied", key="k03", count=1000)
    code, events, errors = gc(workspace, server)
    assert code == 1, errors
    [failed] = [e for e in events[:-1] if e["disposal"] == "failed"]
    assert failed["key"] == "k03" and failed["failure"]["reason"] == "BACKEND_DENIED"
    assert "AccessDenied" in failed["failure"]["message"]
    assert (events[-1]["aborted_count"], events[-1]["failed_count"]) == (11, 1)
    assert [u["key"] for u in emulator.uploads()] == ["k03"]
    emulator.clear_faults()
    code, events, _ = gc(workspace, server)
    assert code == 0 and events[-1]["aborted_count"] == 1


def test_sizes_that_may_not_be_listed_are_unknown(workspace, server, emulator):
    emulator.orphan("k", parts=[5], age=8 * DAY)
    emulator.add_fault("ListParts", "error", status=403, code="AccessDenied", count=1000)
    code, lines, errors = harness.run_cli(workspace, "gc", f"oss:{BUCKET}", server=server)
    assert code == 0, errors
    assert "size unknown" in lines[0] and "AccessDenied" in lines[1]
    assert emulator.uploads() == []


@pytest.mark.parametrize("arguments,expected,text", [
    (["oss:no-such-bucket"], 3, "NO_SUCH_BUCKET"),
    (["oss:"], 2, "BUCKET_REQUIRED"),
    (["oss:NotAName"], 2, "BAD_BUCKET"),
    (["nowhere:bucket"], 2, "UNKNOWN_REMOTE"),
    (["oss"], 2, "BAD_DESTINATION"),
    ([f"oss:{BUCKET}/key"], 2, "BAD_DESTINATION"),
    ([f"oss:{BUCKET}", "--older-than", "59m"], 2, "BAD_OLDER_THAN"),
    ([f"oss:{BUCKET}", "--older-than", "7 days"], 2, "BAD_DURATION"),
])
def test_wrong_usage_says_what_was_wrong_and_discards_nothing(workspace, server, emulator, arguments, expected, text):
    orphan = emulator.orphan("k", age=8 * DAY)
    code, lines, errors = harness.run_cli(workspace, "gc", *arguments, server=server)
    assert code == expected and text in errors, (lines, errors)
    assert emulator.upload_ids() == {orphan}


def test_listing_that_is_denied_is_an_error(workspace, server, emulator):
    emulator.add_fault("ListMultipartUploads", "error", status=403, code="AccessDenied", count=1000)
    code, events, errors = gc(workspace, server)
    assert code == 4 and "AccessDenied" in errors
    assert [e["event"] for e in events] == ["error"]


def test_what_a_remote_may_not_do_gc_does_not_either(workspace, emulator):
    remote = {**emulator.remote(), "buckets": [BUCKET], "prefix": "team-a/"}
    for key in ("team-a/x", "team-a/y/z", "team-b/x", "teams"):
        emulator.orphan(key, age=8 * DAY)
    with harness.Server(workspace, {"oss": remote}) as server:
        code, events, errors = gc(workspace, server, "--prefix", "team-b/")
        assert code == 4 and "KEY_NOT_ALLOWED" in errors
        code, events, errors = gc(workspace, server, destination="oss:another-bucket")
        assert code == 4 and "BUCKET_NOT_ALLOWED" in errors
        code, events, errors = gc(workspace, server, "--prefix", "team-a/y", destination="oss:")
        assert code == 0 and [e["key"] for e in events[:-1]] == ["team-a/y/z"], errors
        # Of the bucket that the configuration names, and below its prefix.
        code, events, errors = gc(workspace, server, destination="oss:")
        assert code == 0 and [e["key"] for e in events[:-1]] == ["team-a/x"], errors
    assert {u["key"] for u in emulator.uploads()} == {"team-b/x", "teams"}


def wait_until_quiet(emulator, operation):
    """Waits until no request of `operation` comes for a second."""
    seen = 0
    while True:
        answer = emulator.control("GET", f"wait?operation={operation}&count={seen + 1}&timeout_ms=1000")
        if answer["timed_out"]:
            return
        seen = len(answer["entries"])


def test_server_ends_in_time_though_nobody_reads_what_gc_finds(workspace, emulator):
    for i in range(300):  # more than a connection holds
        emulator.orphan(f"{i:03}" + "k" * 1000, age=8 * DAY)
    with harness.Server(workspace, {"oss": emulator.remote()}, server={"drain_timeout": "3s"}) as server:
        held = emulator.add_fault("ListParts", "hold")
        with harness.cli(workspace, "gc", f"oss:{BUCKET}", "--dry-run", server=server) as reader:
            emulator.wait_held(held)
            reader.signal(signal.SIGSTOP)
            emulator.clear_faults()
            wait_until_quiet(emulator, "ListParts")
            assert server.stop() == 0
            reader.signal(signal.SIGCONT)
            assert reader.wait() == 5, reader.stderr()


def test_local_remote_is_swept_in_the_same_way(workspace):
    with harness.Server(workspace, {"disk": harness.local_remote(workspace)}) as server:
        code, events, errors = gc(workspace, server, destination=f"disk:{BUCKET}")
        assert code == 0 and events[-1]["orphaned_count"] == 0, errors

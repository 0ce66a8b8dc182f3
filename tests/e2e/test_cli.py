"""The command line tool as people and scripts use it."""
import json
import os
import signal
import subprocess

import pytest

import harness
from harness import BUCKET, MIB


@pytest.fixture
def server(workspace, emulator):
    with harness.Server(workspace, {"oss": emulator.remote(), "disk": harness.local_remote(workspace)}) as made:
        yield made


def put(workspace, server, path, key, *more, remote="oss", **kwargs):
    return harness.cli(workspace, "put", path, f"{remote}:{BUCKET}/{key}", "--json", *more, server=server, **kwargs)


def stop_inside(process, emulator, number):
    """Waits until parts are stored whose replies are held back, then sends a signal."""
    emulator.wait_for("UploadPart", count=3)
    process.signal(number)
    return process.wait()


def test_same_command_resumes_after_kill(workspace, server, emulator):
    path = workspace.file("source", 20 * MIB)
    emulator.hold_parts_from(3)
    with put(workspace, server, path, "k", "--part-size", "1MiB") as first:
        first.wait_line('"committed_size":2097152')
        assert stop_inside(first, emulator, signal.SIGKILL) == -signal.SIGKILL
    emulator.clear_faults()
    with put(workspace, server, path, "k", "--part-size", "1MiB") as second:
        assert second.wait() == 0, second.stderr()
        events = harness.events(second)
    resume = next(e for e in events if e["event"] == "resume")
    assert resume["committed_size"] >= 2 * MIB
    done = events[-1]
    assert done["bytes_sent"] == 20 * MIB - resume["resume_offset"]
    assert emulator.read("k") == path.read_bytes()


def test_same_command_goes_on_with_several_files_after_kill(workspace, server, emulator):
    # The third is more than the server takes in while a part of it is held back: `finish` is not read.
    sizes = [3 * MIB, 3 * MIB, 30 * MIB, 3 * MIB]
    files = [workspace.file(f"file-{number}", size, seed=number) for number, size in enumerate(sizes)]
    command = ["put", *files, f"oss:{BUCKET}/logs/", "--part-size", "1MiB", "--transfers", "1", "--json"]
    held = emulator.add_fault("UploadPart", "hold", key="logs/file-2", part_number=2)
    with harness.cli(workspace, *command, server=server) as first:
        emulator.wait_held(held)
        first.kill()
    emulator.clear_faults()
    since = emulator.position()
    with harness.cli(workspace, *command, server=server) as second:
        assert second.wait() == 0, second.stderr()
        events = harness.events(second)
    done = [event for event in events if event["event"] == "done"]
    assert [event["file"] for event in done] == [str(file) for file in files]
    assert [event["replayed"] for event in done] == [True, True, False, False]
    assert {event["key"] for event in emulator.journal(since) if event["operation"] == "UploadPart"} == {
        "logs/file-2", "logs/file-3"}
    assert (events[-1]["event"], events[-1]["done_count"], events[-1]["resumable"]) == ("summary", 4, False)
    for file in files:
        assert emulator.read(f"logs/{file.name}") == file.read_bytes()


def test_interrupt_of_several_files_tells_how_to_go_on(workspace, server, emulator):
    files = [workspace.file(f"file-{number}", 3 * MIB, seed=number) for number in range(3)]
    held = emulator.add_fault("UploadPart", "hold", key="logs/file-1", part_number=2)
    with harness.cli(workspace, "put", *files, f"oss:{BUCKET}/logs/", "--part-size", "1MiB", "--transfers", "1",
                     "--json", server=server) as process:
        emulator.wait_held(held)
        process.signal(signal.SIGINT)
        assert process.wait() == 130
        printed, events = process.stderr(), harness.events(process)
    emulator.clear_faults()
    assert printed.endswith("1 of 3 files put\nTo resume, run the same command again.\n")
    error, summary = events[-2:]
    assert (error["event"], error["file"], error["exit_code"]) == ("error", str(files[1]), 130)
    assert (summary["done_count"], summary["failed_count"], summary["not_done_count"]) == (1, 0, 2)
    assert summary["resumable"]


def test_interrupt_stops_cleanly_and_prints_how_to_resume(workspace, server, emulator):
    path = workspace.file("with space", 20 * MIB)
    emulator.hold_parts_from(3)
    with harness.cli(workspace, "put", path, f"oss:{BUCKET}/k", "--part-size", "1MiB", server=server) as process:
        assert stop_inside(process, emulator, signal.SIGINT) == 130
        printed = process.stderr()
    emulator.clear_faults()
    assert "To resume" in printed
    command = printed[printed.index("To resume"):].splitlines()[1].strip()
    result = subprocess.run(command, shell=True, capture_output=True, text=True,
                            env={**os.environ, **harness.client_env(workspace),
                                 "PATH": f"{harness.BIN}:{os.environ['PATH']}"})
    assert result.returncode == 0, (command, result.stderr)
    assert "resumed at" in result.stdout
    assert emulator.read("k") == path.read_bytes()


def test_pipe_survives_a_restart_of_the_server(workspace, server, emulator):
    path = workspace.file("source", 30 * MIB)
    emulator.hold_parts_from(3)
    with open(path, "rb") as source:
        feeder = subprocess.Popen(["cat"], stdin=source, stdout=subprocess.PIPE)
    with put(workspace, server, "-", "k", "--replay-buffer", "8MiB", stdin=feeder.stdout) as process:
        feeder.stdout.close()
        emulator.wait_for("UploadPart", count=4)
        server.kill()
        emulator.clear_faults()
        server.start()
        assert process.wait() == 0, process.stderr()
        done = harness.events(process)[-1]
    assert feeder.wait() == 0
    assert done["retry_count"] >= 1 and done["size"] == 30 * MIB
    assert emulator.read("k") == path.read_bytes()


def test_client_waits_for_a_server_that_is_away(workspace, server, emulator):
    path = workspace.file("source", 3 * MIB)
    server.kill()
    with put(workspace, server, path, "k") as process:
        process.wait_line('"event":"retry"')
        server.start()
        assert process.wait() == 0, process.stderr()
    assert emulator.read("k") == path.read_bytes()


def test_changed_source_is_refused_before_finish(workspace, server, emulator):
    # More than the server takes in while parts are held back: `finish` is not read, and nothing is sealed.
    path = workspace.file("source", 20 * MIB)
    status = path.stat()
    emulator.hold_parts_from(3)
    with put(workspace, server, path, "k", "--part-size", "1MiB") as first:
        first.wait_line('"committed_size":2097152')
        stop_inside(first, emulator, signal.SIGKILL)
    emulator.clear_faults()
    # The same size and time, so the same token; other bytes.
    with open(path, "r+b") as file:
        file.write(b"changed")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    code, lines, errors = harness.run_cli(workspace, "put", path, f"oss:{BUCKET}/k", "--json", server=server)
    assert code == 6, errors
    assert json.loads(lines[-1])["reason"] == "SOURCE_CHANGED"
    assert emulator.request("GET", "k")[0] == 404


def test_putting_again_replays_the_result(workspace, server, emulator):
    path = workspace.file("source", 2 * MIB)
    for expected in (False, True):
        code, lines, errors = harness.run_cli(workspace, "put", path, f"oss:{BUCKET}/k", "--json", server=server)
        assert code == 0, errors
        assert json.loads(lines[-1])["replayed"] is expected
    assert sum(e["operation"] == "PutObject" for e in emulator.journal()) == 1


def test_sessions_status_and_abort(workspace, server, emulator):
    path = workspace.file("source", 20 * MIB)
    emulator.hold_parts_from(3)
    with put(workspace, server, path, "some/key", "--part-size", "1MiB") as process:
        process.wait_line('"committed_size":2097152')
        stop_inside(process, emulator, signal.SIGKILL)
    emulator.clear_faults()
    code, lines, errors = harness.run_cli(workspace, "sessions", "--state", "open", "--json", server=server)
    assert code == 0, errors
    [session] = harness.events(lines)
    assert (session["key"], session["state"]) == ("some/key", "open")
    code, lines, _ = harness.run_cli(workspace, "status", path, f"oss:{BUCKET}/some/key", "--json", server=server)
    assert code == 0 and harness.events(lines)[0]["session_id"] == session["session_id"]
    # The token of another put must not make it that one's.
    for command in ("status", "abort"):
        code, _, errors = harness.run_cli(workspace, command, path, f"oss:{BUCKET}/other", "--id", session["session_id"],
                                          server=server)
        assert code == 2 and "OTHER_SESSION" in errors, errors
    code, lines, errors = harness.run_cli(workspace, "abort", path, f"oss:{BUCKET}/some/key", "--id",
                                          session["session_id"], "--json", server=server)
    assert code == 0 and harness.events(lines)[0]["state"] == "aborted", errors
    emulator.wait_for("AbortMultipartUpload")
    assert emulator.control("GET", "state")["uploads"] == 0
    # The token follows from the file and the destination, and so the next put begins anew under it.
    code, lines, errors = harness.run_cli(workspace, "put", path, f"oss:{BUCKET}/some/key", "--json", server=server)
    assert code == 0, errors
    done = harness.events(lines)[-1]
    assert done["session_id"] != session["session_id"] and done["bytes_sent"] == 20 * MIB
    assert emulator.read("some/key") == path.read_bytes()
    code, lines, _ = harness.run_cli(workspace, "remotes", server=server)
    assert code == 0 and any(line.startswith("oss") for line in lines)


def test_put_of_a_file_whose_object_is_gone_puts_it_again(workspace, server, emulator):
    path = workspace.file("source", 1000)
    for expected in (1000, 0):  # the second time it is still there
        code, lines, errors = harness.run_cli(workspace, "put", path, f"oss:{BUCKET}/k", "--json", server=server)
        assert (code, harness.events(lines)[-1]["bytes_sent"]) == (0, expected), errors
    assert emulator.request("DELETE", "k")[0] == 204
    code, lines, errors = harness.run_cli(workspace, "put", path, f"oss:{BUCKET}/k", "--json", server=server)
    assert (code, harness.events(lines)[-1]["bytes_sent"]) == (0, 1000), errors
    assert emulator.read("k") == path.read_bytes()


@pytest.mark.parametrize("arguments,expected,text", [
    (["put"], 2, "required"),
    (["put", "/no/such/file", "oss:e2e-bucket/k"], 3, "/no/such/file"),
    (["put", "FILE", "oss-e2e-bucket-k"], 2, "remote:bucket/some/key"),
    (["put", "FILE", "oss:no-such-bucket/k"], 3, "NO_SUCH_BUCKET"),
    (["put", "FILE", "nowhere:e2e-bucket/k"], 2, "UNKNOWN_REMOTE"),
    (["put", "FILE", "oss:e2e-bucket/k", "--part-size", "1KiB"], 2, "BAD_PART_SIZE"),
    (["put", "FILE", "oss:e2e-bucket/k", "--part-size", "much"], 2, "much"),
    (["put", "FILE", "disk:e2e-bucket/k", "--token", "short"], 2, "BAD_SESSION_TOKEN"),
    (["status", "--id", "unknown"], 3, "SESSION_NOT_FOUND"),
    (["abort", "--id", "unknown"], 3, "SESSION_NOT_FOUND"),
])
def test_errors_have_exit_codes_and_say_what_was_wrong(workspace, server, arguments, expected, text):
    path = workspace.file("source", 1000)
    arguments = [str(path) if a == "FILE" else a for a in arguments]
    code, lines, errors = harness.run_cli(workspace, *arguments, server=server)
    assert code == expected and text in errors, (code, lines, errors)


def test_existing_object_and_denied_access(workspace, server, emulator):
    path = workspace.file("source", 1000)
    assert harness.run_cli(workspace, "put", path, f"oss:{BUCKET}/k", server=server)[0] == 0
    other = workspace.file("other", 1000, seed=2)
    code, _, errors = harness.run_cli(workspace, "put", other, f"oss:{BUCKET}/k", "--forbid-overwrite", server=server)
    assert code == 7 and "OBJECT_EXISTS" in errors
    emulator.add_fault("*", "error", status=403, code="AccessDenied", xml=True, count=100)
    code, _, errors = harness.run_cli(workspace, "put", other, f"oss:{BUCKET}/denied", server=server)
    assert code == 4 and "AccessDenied" in errors, errors
    # What a user quotes to support.
    assert any(e["request_id"] in errors for e in emulator.journal() if e["status"] == 403), errors


def test_gives_up_without_progress_and_stays_resumable(workspace, server):
    server.kill()
    path = workspace.file("source", 1000)
    code, _, errors = harness.run_cli(workspace, "put", path, f"oss:{BUCKET}/k", "--give-up-after", "1s", server=server)
    assert code == 5 and "To resume" in errors, errors


def test_tokens_come_from_a_file_or_the_environment_and_are_not_shown(workspace, server):
    path = workspace.file("source", 1000)
    token = "cli-token-that-must-not-appear"
    token_file = workspace.path / "token"
    token_file.write_text(token + "\n")
    for more, env in ([["--token-file", token_file], {}], [[], {"PENSTOCK_TOKEN": token}]):
        code, lines, errors = harness.run_cli(workspace, "put", path, f"disk:{BUCKET}/k", "--json", *more,
                                              server=server, env=env)
        assert code == 0, errors
        assert token not in errors + "".join(lines)
    assert json.loads(lines[-1])["replayed"] is True


def test_two_writers_the_newer_wins_and_the_older_stops(workspace, server, emulator):
    path = workspace.file("source", 20 * MIB)
    emulator.hold_parts_from(3)
    with put(workspace, server, path, "k", "--part-size", "1MiB") as older:
        older.wait_line('"committed_size":2097152')
        emulator.wait_for("UploadPart", count=4)
        with put(workspace, server, path, "k", "--part-size", "1MiB") as newer:
            newer.wait_line('"event":"resume"')
            assert older.wait() == 7
            assert harness.events(older)[-1]["reason"] == "STALE_WRITER"
            emulator.clear_faults()
            assert newer.wait() == 0, newer.stderr()
    assert emulator.read("k") == path.read_bytes()

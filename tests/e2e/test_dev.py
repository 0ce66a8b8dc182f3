"""`penstockd dev`: no configuration, no account."""
import signal
import socket
import urllib.parse

import harness


def launch(workspace, *more):
    port = harness.free_port()
    process = harness.Process([harness.BIN / "penstockd", "dev", "--listen", f"127.0.0.1:{port}", "--data",
                               workspace.path / "dev", *more])
    process.address = f"127.0.0.1:{port}"
    return process


def start(workspace, *more):
    process = launch(workspace, *more)
    process.wait_line("ready")
    return process


def test_serves_both_remotes_and_remembers(workspace):
    path = workspace.file("source.bin", 3 * harness.MIB)
    with start(workspace, "--oss") as server:
        for remote in ("local", "oss"):
            code, lines, errors = harness.run_cli(workspace, "put", path, f"{remote}:demo/", server=server)
            assert code == 0 and "CRC-64" in lines[-1], errors
        assert (workspace.path / "dev/objects/demo/source.bin").read_bytes() == path.read_bytes()
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
    with start(workspace, "--oss") as server:
        code, lines, _ = harness.run_cli(workspace, "sessions", server=server)
        assert code == 0 and sum("finished" in line for line in lines) == 2


def test_emulator_ends_with_the_server_even_when_that_is_killed(workspace):
    with start(workspace, "--oss") as server:
        line = next(line for line in server.lines if "emulator at" in line)
        netloc = urllib.parse.urlsplit(line.split("emulator at ")[1].rstrip(")").split(")")[0]).netloc
        server.kill()
    host, port = netloc.split(":")
    # The address becomes free; nothing else tells of the end of a process that is not our child.
    while True:
        with socket.socket() as probe:
            try:
                probe.bind((host, int(port)))
                break
            except OSError:
                continue


def test_second_on_the_folder_is_refused_and_changes_nothing(workspace):
    path = workspace.file("source.bin", harness.MIB)
    folder = workspace.path / "dev"
    with start(workspace, "--oss") as server:
        secret = (folder / "emulator-secret").read_bytes()
        received = folder / "emulator/demo/blobs/a-body-on-its-way"
        received.write_bytes(b"half of it")
        for more in (["--oss"], []):
            with launch(workspace, *more) as second:
                assert second.wait() == 1
                assert (folder / "emulator-secret").read_bytes() == secret and received.exists()
                assert f"{folder} is in use" in second.stderr() and "DEV_IN_USE" in second.stderr(), second.stderr()
        code, _, errors = harness.run_cli(workspace, "put", path, "oss:demo/", server=server)
        assert code == 0, errors


def test_without_oss_there_is_only_local(workspace):
    with start(workspace) as server:
        code, lines, _ = harness.run_cli(workspace, "remotes", "--json", server=server)
        assert code == 0 and [r["name"] for r in harness.events(lines)] == ["local"]

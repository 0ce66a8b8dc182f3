"""`penstock get`, `ls`, `stat`, `cp` and `rm` against real servers, with kills of both ends."""
import os
import signal
import subprocess

import pytest

import harness
import proxies
from harness import BUCKET, MIB

REMOTES = ["oss", "disk"]
SIZE = 32 * MIB + 12345


class Setup:
    """A server on a unix socket and on a port, in front of both kinds of remote."""

    def __init__(self, workspace, emulator):
        self.workspace = workspace
        self.tcp = f"127.0.0.1:{harness.free_port()}"
        self.server = harness.Server(workspace, {"oss": emulator.remote(), "disk": harness.local_remote(workspace)})
        text = self.server.config.read_text()
        self.server.config.write_text(text.replace(f'"{self.server.address}"]', f'"{self.server.address}", "{self.tcp}"]'))

    def run(self, *arguments, code=0, **more):
        got, lines, errors = harness.run_cli(self.workspace, *arguments, server=self.server, **more)
        assert got == code, (arguments, lines, errors)
        return lines

    def put(self, remote, key, size=SIZE, seed=1, metadata=()):
        path = self.workspace.file(f"source-{seed}", size, seed)
        options = [word for entry in metadata for word in ("--metadata", entry)]
        self.run("put", path, f"{remote}:{BUCKET}/{key}", "--json", *options)
        return path.read_bytes()

    def get(self, name, target, *more, server=None):
        """A get that is under way."""
        return harness.cli(self.workspace, "get", name, target, "--json", *more, "--server", server or self.server.address)

    def partial_files(self):
        return [p for p in self.workspace.path.iterdir() if p.name.endswith(".partial")]


@pytest.fixture
def setup(workspace, emulator):
    made = Setup(workspace, emulator)
    with made.server:
        yield made


def event(process, name):
    return next(e for e in harness.events(process) if e["event"] == name)


@pytest.mark.parametrize("remote", REMOTES)
def test_get_continues_after_kill_9(setup, remote):
    content = setup.put(remote, "dir/big")
    target = setup.workspace.path / "got"
    name = f"{remote}:{BUCKET}/dir/big"
    with proxies.Proxy(setup.tcp, hold_after=8 * MIB) as proxy:
        with setup.get(name, target, server=proxy.address) as process:
            process.wait_line('"progress"')
            proxy.wait_held()
            process.kill()
    assert not target.exists()
    assert [p.name.startswith(".got.") for p in setup.partial_files()] == [True]
    with setup.get(name, target) as process:
        assert process.wait() == 0, process.stderr()
    assert target.read_bytes() == content and setup.partial_files() == []
    done = event(process, "done")
    assert 0 < done["resumed_from"] <= 8 * MIB and done["verified"]
    assert done["bytes_received"] == SIZE - done["resumed_from"]
    assert event(process, "resume")["received_size"] == done["resumed_from"]


@pytest.mark.parametrize("remote", REMOTES)
def test_get_survives_kill_9_of_the_server(setup, remote):
    content = setup.put(remote, "big")
    target = setup.workspace.path / "got"
    with proxies.Proxy(setup.tcp, hold_after=8 * MIB) as proxy:
        with setup.get(f"{remote}:{BUCKET}/big", target, server=proxy.address) as process:
            proxy.wait_held()
            setup.server.kill()
            proxy.release()
            process.wait_line('"retry"')
            setup.server.start()
            assert process.wait() == 0, process.stderr()
    assert target.read_bytes() == content
    done = event(process, "done")
    assert done["retry_count"] > 0 and done["verified"]
    # What came is not read again.
    assert done["bytes_received"] == SIZE and done["resumed_from"] == 0


def test_get_to_a_pipe_survives_breaks(setup):
    content = setup.put("disk", "big")
    with proxies.Proxy(setup.tcp, hold_after=8 * MIB) as proxy, open(setup.workspace.path / "out", "wb+") as out:
        process = subprocess.Popen([harness.BIN / "penstock", "get", f"disk:{BUCKET}/big", "-", "--server", proxy.address],
                                   stdout=out, stderr=subprocess.PIPE)
        proxy.wait_held()
        proxy.break_connections()
        proxy.release()
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        out.seek(0)
        assert out.read() == content
    assert b"(verified)" in errors and b"resumed at" in errors


def test_get_is_interrupted_cleanly(setup):
    content = setup.put("oss", "big")
    target = setup.workspace.path / "got"
    with proxies.Proxy(setup.tcp, hold_after=8 * MIB) as proxy:
        with setup.get(f"oss:{BUCKET}/big", target, server=proxy.address) as process:
            process.wait_line('"progress"')
            proxy.wait_held()
            process.signal(signal.SIGINT)
            assert process.wait() == 130
            printed = process.stderr()
        proxy.release()
        assert "interrupted" in printed and "To resume" in printed
        command = printed[printed.index("To resume"):].splitlines()[1].strip()
        result = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=120,
                                env={**os.environ, **harness.client_env(setup.workspace),
                                     "PATH": f"{harness.BIN}:{os.environ['PATH']}"})
    assert result.returncode == 0, (command, result.stderr)
    assert target.read_bytes() == content and "resumed at" in result.stderr


def test_get_does_not_continue_another_object(setup):
    setup.put("oss", "big", seed=1)
    target = setup.workspace.path / "got"
    with proxies.Proxy(setup.tcp, hold_after=8 * MIB) as proxy:
        with setup.get(f"oss:{BUCKET}/big", target, server=proxy.address) as process:
            process.wait_line('"progress"')
            proxy.wait_held()
            process.kill()
    content = setup.put("oss", "big", seed=2)
    with setup.get(f"oss:{BUCKET}/big", target) as process:
        assert process.wait() == 0, process.stderr()
    assert target.read_bytes() == content and event(process, "done")["resumed_from"] == 0
    assert setup.partial_files() == []  # that of the other object neither


def test_get_fails_when_the_object_is_replaced_meanwhile(setup):
    setup.put("oss", "big", seed=1)
    target = setup.workspace.path / "got"
    with proxies.Proxy(setup.tcp, hold_after=8 * MIB) as proxy:
        with setup.get(f"oss:{BUCKET}/big", target, server=proxy.address) as process:
            proxy.wait_held()
            setup.put("oss", "big", seed=2)
            proxy.break_connections()
            proxy.release()
            assert process.wait() == 7
    assert event(process, "error")["reason"] == "OBJECT_CHANGED"
    assert not target.exists() and setup.partial_files() == []


@pytest.mark.parametrize("remote", REMOTES)
def test_get_finds_a_damaged_partial_file(setup, remote):
    setup.put(remote, "big")
    target = setup.workspace.path / "got"
    with proxies.Proxy(setup.tcp, hold_after=8 * MIB) as proxy:
        with setup.get(f"{remote}:{BUCKET}/big", target, server=proxy.address) as process:
            process.wait_line('"progress"')
            proxy.wait_held()
            process.kill()
    [partial] = setup.partial_files()
    with open(partial, "r+b") as damaged:
        byte = damaged.read(1)
        damaged.seek(0)
        damaged.write(bytes([byte[0] ^ 1]))
    with setup.get(f"{remote}:{BUCKET}/big", target) as process:
        assert process.wait() == 6, process.stderr()
    assert not target.exists() and setup.partial_files() == []
    with setup.get(f"{remote}:{BUCKET}/big", target) as process:
        assert process.wait() == 0, process.stderr()


@pytest.mark.parametrize("remote", REMOTES)
def test_get_of_every_size_and_with_its_time(setup, remote):
    for size in (0, 1, 8 * MIB, 8 * MIB + 1):
        content = setup.put(remote, f"size-{size}", size, size + 10, ["mtime=2001-02-03T04:05:06.123456789Z"])
        target = setup.workspace.path / f"size-{size}"
        setup.run("get", f"{remote}:{BUCKET}/size-{size}", setup.workspace.path)
        assert target.read_bytes() == content
        assert target.stat().st_mtime_ns == 981173106123456789
    setup.run("get", f"{remote}:{BUCKET}/size-{8 * MIB}", setup.workspace.path / "range", "--range", "1MiB:1000")
    assert (setup.workspace.path / "range").read_bytes() == (setup.workspace.path / f"size-{8 * MIB}").read_bytes()[MIB:MIB + 1000]
    setup.run("get", f"{remote}:{BUCKET}/size-1", setup.workspace.path, "--no-clobber", code=7)
    setup.run("get", f"{remote}:{BUCKET}/nothing", setup.workspace.path, code=3)


@pytest.mark.parametrize("remote", REMOTES)
def test_ls_stat_and_rm(setup, remote):
    for key in ("a", "dir/b c", "dir/deep/d", "dir/x\x1b[2Jy", "dirt"):
        setup.put(remote, key, 100, metadata=["mtime=981173106.5"])
    assert BUCKET in setup.run("ls", f"{remote}:")
    assert setup.run("ls", f"{remote}:{BUCKET}") == ["a", "dir/", "dirt"]
    assert setup.run("ls", f"{remote}:{BUCKET}/dir/") == ["dir/b c", "dir/deep/", "dir/x?[2Jy"]
    listed = harness.events(setup.run("ls", "-r", "--full", "--json", f"{remote}:{BUCKET}/dir"))
    assert [e["key"] for e in listed] == ["dir/b c", "dir/deep/d", "dir/x\x1b[2Jy", "dirt"]
    assert all(e["size"] == 100 and e["complete"] and len(e["crc64"]) == 16 for e in listed)
    assert all(e["modification_time"].startswith("2001-02-03T04:05:06.5") for e in listed)
    [stat] = harness.events(setup.run("stat", "--json", f"{remote}:{BUCKET}/a"))
    assert stat["metadata"] == {"mtime": "981173106.5"} and stat["etag"]
    assert "  modified             2001-02-03T04:05:06Z" in setup.run("stat", f"{remote}:{BUCKET}/a")
    setup.run("rm", f"{remote}:{BUCKET}/a", f"{remote}:{BUCKET}/dir/b c")
    setup.run("rm", "-r", f"{remote}:{BUCKET}/dir/", code=2)
    assert setup.run("rm", "-r", "--force", f"{remote}:{BUCKET}/dir/") == ["2 objects deleted"]
    assert setup.run("ls", "-r", f"{remote}:{BUCKET}") == ["dirt"]
    setup.run("stat", f"{remote}:{BUCKET}/a", code=3)


def test_ls_and_rm_of_many_pages(setup):
    folder = setup.workspace.path / "objects" / BUCKET / "many"
    folder.mkdir(parents=True)
    names = [f"{i:05}.x" for i in range(2500)]
    for name in names:
        (folder / name).write_bytes(b"x")
    assert setup.run("ls", f"disk:{BUCKET}/many/") == [f"many/{name}" for name in names]
    assert setup.run("rm", "-r", "-f", f"disk:{BUCKET}/many/")[-1] == "2500 objects deleted"
    assert setup.run("ls", "-r", f"disk:{BUCKET}") == []


@pytest.mark.parametrize("source", REMOTES)
@pytest.mark.parametrize("target", REMOTES)
def test_cp_within_and_between_remotes(setup, source, target):
    content = setup.put(source, "from", 20 * MIB, metadata=["author=Grace", "mtime=981173106.5"])
    setup.run("cp", f"{source}:{BUCKET}/from", f"{target}:{BUCKET}/copies/")
    setup.run("get", f"{target}:{BUCKET}/copies/from", setup.workspace.path / "got")
    assert (setup.workspace.path / "got").read_bytes() == content
    [stat] = harness.events(setup.run("stat", "--json", f"{target}:{BUCKET}/copies/from"))
    assert stat["metadata"] == {"author": "Grace", "mtime": "981173106.5"}
    # Once more is no error, whatever became of the first copy.
    setup.run("rm", f"{target}:{BUCKET}/copies/from")
    setup.run("cp", f"{source}:{BUCKET}/from", f"{target}:{BUCKET}/copies/from")
    setup.run("stat", f"{target}:{BUCKET}/copies/from")
    setup.run("cp", f"{source}:{BUCKET}/nothing", f"{target}:{BUCKET}/copies/", code=3)

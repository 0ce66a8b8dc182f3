"""Limits on the rate. A test asserts how long something takes at least: what is slow for other reasons is slow enough."""
import time

import pytest

import harness
import rpc
from harness import BUCKET, MIB

RATE = MIB
BURST = RATE // 8
SIZE = 2 * MIB


@pytest.fixture(scope="module")
def setup():
    with harness.Workspace() as workspace, harness.Emulator(workspace) as emulator:
        (workspace.path / "slow" / BUCKET).mkdir(parents=True)
        remotes = {
            "free": harness.local_remote(workspace),
            "slow": {"backend": "local", "root": str(workspace.path / "slow"), "upload_rate": "1MiB"},
            "cloud": {**emulator.remote(), "upload_rate": "1MiB"},
        }
        with harness.Server(workspace, remotes) as server:
            yield workspace, server


def seconds(setup, *arguments):
    workspace, server = setup
    start = time.monotonic()
    code, _, errors = harness.run_cli(workspace, *arguments, server=server)
    assert code == 0, errors
    return time.monotonic() - start


@pytest.mark.parametrize("remote", ["slow", "cloud"])
def test_a_remote_keeps_to_its_rate(setup, remote):
    path = setup[0].file("source", SIZE, seed=1)
    taken = seconds(setup, "put", path, f"{remote}:{BUCKET}/{remote}", "--part-size", "512KiB")
    assert taken >= (SIZE - BURST) / RATE


def test_the_process_keeps_to_its_rate():
    with harness.Workspace() as workspace:
        with harness.Server(workspace, {"disk": harness.local_remote(workspace)}, {"upload_rate": "1MiB"}) as server:
            path = workspace.file("source", SIZE, seed=2)
            taken = seconds((workspace, server), "put", path, f"disk:{BUCKET}/key")
            assert taken >= (SIZE - BURST) / RATE


def test_the_client_keeps_to_its_rate(setup):
    path = setup[0].file("source", SIZE, seed=3)
    taken = seconds(setup, "put", path, f"free:{BUCKET}/key", "--limit-rate", "1MiB")
    assert taken >= (SIZE - BURST) / RATE
    halves = [setup[0].file(name, SIZE // 2, seed=4) for name in ("half", "other-half")]
    taken = seconds(setup, "put", *halves, f"free:{BUCKET}/", "--limit-rate", "1MiB", "--transfers", "2")
    assert taken >= (SIZE - BURST) / RATE
    # What comes last is not waited for: a message of a MiB at most.
    taken = seconds(setup, "get", f"free:{BUCKET}/key", setup[0].path / "got", "--limit-rate", "1MiB")
    assert taken >= (SIZE - MIB - BURST) / RATE
    assert (setup[0].path / "got").read_bytes() == path.read_bytes()


def test_a_rate_that_is_none_is_refused(setup):
    workspace, server = setup
    path = workspace.file("source", 1, seed=4)
    code, _, errors = harness.run_cli(workspace, "put", path, f"free:{BUCKET}/key", "--limit-rate", "fast", server=server)
    assert code == 2 and "8MiB" in errors


def test_a_backend_that_says_it_was_slow_gets_fewer_parts_at_a_time(workspace, emulator, stubs):
    """x-oss-qos-delay-time, from the reply to a part through to what the client may have under way."""
    part = 100 << 10
    server = harness.Server(workspace, {"oss": emulator.remote()},
                            {"parallel_parts": 2, "max_parallel_parts": 6, "progress_interval": "200ms"})
    with server, rpc.Client(stubs, server.address) as client:
        stream = rpc.LiveStream(client)
        stream.send(client.open("token-of-a-slow-backend", "oss", BUCKET, "slowed", {"part_size": part}))
        chunk_limit = stream.opened().max_chunk_bytes

        def parts_at_a_time(response):  # put.proto: they, the one being filled, and a chunk
            return (response.progress.max_unacked_bytes - chunk_limit) // part - 1

        def told(count, beyond=0):
            """Answers that say so many, with more committed than that."""
            return lambda r: r.progress.committed_size > beyond and parts_at_a_time(r) == count

        def send(first, count):
            stream.send(*(client.chunk(number * part, bytes(part)) for number in range(first, first + count)))

        # An even delay: parts in flight hide it, so there are more and more of them. How soon is not said: one that
        # took far longer than the fastest does not count.
        emulator.add_fault("UploadPart", "delay", delay_ms=50, count=1000)
        sent = 0
        while not any(map(told(6), stream.responses)):
            assert sent < 1000
            send(sent, 50)
            sent += 50
            stream.wait_committed(sent * part)
        emulator.clear_faults()
        emulator.add_fault("UploadPart", "qos_delay", delay_ms=1)
        send(sent, 100)
        stream.wait(told(3, beyond=sent * part))
        stream.cancel()

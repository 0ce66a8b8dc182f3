"""A flush is durable to the byte, whatever its size; and a drain leaves nothing behind."""
import random
import signal

import pytest

import harness
import rpc

KIB = 1 << 10
MIB = harness.MIB
SMALLEST_PART = 100 * KIB  # of OSS
QUICK = {"progress_interval": "100ms"}


@pytest.mark.parametrize("size", [1, SMALLEST_PART - 1, SMALLEST_PART, 8 * MIB + 1])
def test_flushed_bytes_survive_a_kill(workspace, emulator, stubs, size):
    token = "flush-token-0123456789"
    data = random.Random(size).randbytes(size)
    server = harness.Server(workspace, {"oss": emulator.remote()})
    with server, rpc.Client(stubs, server.address) as client:
        stream = rpc.LiveStream(client)
        stream.send(client.open(token, "oss", harness.BUCKET, "k"), *client.chunks(data), client.flush())
        stream.wait_committed(size)
        server.kill()
        stream.join()
    with server, rpc.Client(stubs, server.address) as client:
        assert client.session(token).committed_size == size
        stream = rpc.LiveStream(client)
        stream.send(client.open(token))
        opened = stream.opened()
        assert (opened.resume_offset, opened.session.committed_size) == (size, size)
        # Nothing is sent again: the object is what was flushed.
        stream.send(client.finish(size, opened.resume_crc64_ecma))
        stream.join()
        assert stream.responses[-1].finished.object.size == size
        assert emulator.read("k") == data


def test_every_flush_of_many_is_durable_and_the_parts_that_follow_cover_it(workspace, emulator, stubs):
    token = "flush-token-0123456789"
    choice = random.Random(7)
    data = choice.randbytes(3 * MIB)
    server = harness.Server(workspace, {"oss": emulator.remote()})
    offset = 0
    for size in [10, 70 * KIB, 40 * KIB, 1, MIB, 5]:
        with server, rpc.Client(stubs, server.address) as client:
            stream = rpc.LiveStream(client)
            stream.send(client.open(token, "oss", harness.BUCKET, "k"),
                        *client.chunks(data[:offset + size], offset), client.flush())
            stream.wait_committed(offset + size)
            assert stream.responses[0].opened.resume_offset == offset
            server.kill()
            stream.join()
        offset += size
    with server, rpc.Client(stubs, server.address) as client:
        client.put([client.open(token), *client.chunks(data, offset), client.finish(len(data))])
    assert emulator.read("k") == data


def test_drain_saves_the_last_byte_of_a_session_with_a_record(workspace, emulator, stubs):
    token = "drain-token-0123456789"
    data = random.Random(3).randbytes(60 * KIB)
    server = harness.Server(workspace, {"oss": emulator.remote()}, QUICK)
    with server, rpc.Client(stubs, server.address) as client:
        stream = rpc.LiveStream(client)
        stream.send(client.open(token, "oss", harness.BUCKET, "k"), client.chunk(0, data[:1000]), client.flush())
        stream.wait_committed(1000)  # now it has a record, and a tail
        stream.send(client.chunk(1000, data[1000:50 * KIB]))
        stream.wait_received(50 * KIB)
        server.process.signal(signal.SIGTERM)
        stream.join()
        assert server.process.wait() == 0
    assert stream.failure.reason == "DRAINING" and stream.failure.metadata["committed_size"] == str(50 * KIB)
    assert [r.draining.committed_size for r in stream.responses if r.HasField("draining")] == [50 * KIB]
    assert not [e for e in emulator.journal() if e["operation"] == "UploadPart"]
    with server, rpc.Client(stubs, server.address) as client:
        client.put([client.open(token), *client.chunks(data, 50 * KIB), client.finish(len(data))])
    assert emulator.read("k") == data

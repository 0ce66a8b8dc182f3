"""SIGTERM: parts in flight are finished and committed, every stream is told its committed size, exit 0 in time."""
import signal

import grpc
import pytest

import harness
import rpc

PART = harness.MIB


def test_drain_commits_what_is_in_flight_and_tells_it(workspace, emulator, stubs):
    token = "drain-token-0123456789"
    received = 2 * PART + len(b"rest")  # the last bytes become the tail
    server = harness.Server(workspace, {"oss": emulator.remote()}, {"progress_interval": "100ms"})
    with server, rpc.Client(stubs, server.address) as client:
        emulator.add_fault("UploadPart", "hold", count=2)
        stream = rpc.LiveStream(client)
        stream.send(client.open(token, "oss", harness.BUCKET, "k", spec={"part_size": PART}),
                    *client.chunks(b"d" * (2 * PART)), client.chunk(2 * PART, b"rest"))
        emulator.wait_for("UploadPart", count=2)
        stream.wait_received(received)
        server.process.signal(signal.SIGTERM)
        # New streams are refused while the parts are still under way.
        refused = None
        while refused is None:
            with pytest.raises(rpc.Failure) as caught:
                client.put([client.open("other-token-0123456789", "oss", harness.BUCKET, "other")])
            if caught.value.code == grpc.StatusCode.UNAVAILABLE:
                refused = caught.value
        assert refused.retry_delay is not None
        emulator.clear_faults()
        stream.join()
        assert server.process.wait() == 0
    assert stream.failure.code == grpc.StatusCode.UNAVAILABLE and stream.failure.reason == "DRAINING"
    assert stream.failure.retry_delay is not None
    draining = [r.draining for r in stream.responses if r.HasField("draining")]
    assert [d.committed_size for d in draining] == [received]
    with server, rpc.Client(stubs, server.address) as client:
        assert client.session(token).committed_size == received


def test_drain_of_an_idle_stream_and_of_none(workspace, stubs):
    server = harness.Server(workspace, {"disk": harness.local_remote(workspace)})
    with server:
        assert server.stop() == 0
    with server, rpc.Client(stubs, server.address) as client:
        stream = rpc.LiveStream(client)
        stream.send(client.open("idle-token-0123456789", "disk", harness.BUCKET, "k"))
        stream.wait(lambda r: r.HasField("opened"))
        assert server.stop() == 0
        stream.join()
    assert stream.failure.reason == "DRAINING"


def test_drain_gives_up_in_time_and_loses_nothing(workspace, emulator, stubs):
    token = "stuck-token-0123456789"
    server = harness.Server(workspace, {"oss": emulator.remote()}, {"drain_timeout": "1s"})
    with server, rpc.Client(stubs, server.address) as client:
        emulator.hold_parts_from(2)
        stream = rpc.LiveStream(client)
        stream.send(client.open(token, "oss", harness.BUCKET, "k", spec={"part_size": PART}),
                    *client.chunks(b"d" * (3 * PART)))
        stream.wait(lambda r: r.progress.committed_size == PART)
        assert server.stop() == 0
        stream.join()
    emulator.clear_faults()
    with server, rpc.Client(stubs, server.address) as client:
        assert client.session(token).committed_size == PART
        data = b"d" * (3 * PART)
        client.put([client.open(token), *client.chunks(data), client.finish(len(data))])
    assert emulator.read("k") == data


def test_drain_does_not_wait_for_what_nobody_waits_for(workspace, emulator, stubs):
    """The discarding of an aborted upload, and the range of a read whose client is gone: both hang for ever."""
    server = harness.Server(workspace, {"oss": {**emulator.remote(), "stall_timeout": "1h"}}, {"drain_timeout": "1s"})
    token = "aborted-token-0123456789"
    with server, rpc.Client(stubs, server.address) as client:
        objects = rpc.Objects(client, "oss", harness.BUCKET)
        objects.put("read", b"some bytes")
        stream = rpc.LiveStream(client)
        stream.send(client.open(token, "oss", harness.BUCKET, "k"), client.chunk(0, b"d" * PART), client.flush())
        stream.wait_committed(PART)
        holds = [emulator.add_fault("AbortMultipartUpload", "hold", count=1000),
                 emulator.add_fault("GetObject", "hold", count=1000)]
        client.call("AbortSession", client.pb.AbortSessionRequest(session_token=token))
        read = objects.begin_read("read")
        for hold in holds:
            emulator.wait_held(hold)
        read.cancel()
        assert server.stop() == 0
    assert '"drained":"false"' in server.log()
    emulator.clear_faults()


def test_drain_does_not_wait_for_a_reaper_whose_backend_hangs(workspace, emulator, stubs):
    def server(reap_interval):
        return harness.Server(workspace, {"oss": emulator.remote()}, {"drain_timeout": "1s"},
                              sessions={"idle_ttl": "1s", "linger": "0", "reap_interval": reap_interval})

    # Nobody reaps while it must be alive: whoever is off for a second there finds it expired.
    with server(reap_interval="1h") as first, rpc.Client(stubs, first.address) as client:
        stream = rpc.LiveStream(client)
        stream.send(client.open("idle-token-0123456789", "oss", harness.BUCKET, "k"), client.chunk(0, b"d" * PART),
                    client.flush())
        stream.wait_committed(PART)
        first.kill()
        stream.join()
    emulator.add_fault("AbortMultipartUpload", "hold", count=1000)
    with server(reap_interval="100ms") as reaping:
        emulator.wait_for("AbortMultipartUpload")
        assert reaping.stop() == 0
    emulator.clear_faults()
    # The next server does it: the session had expired before anything was discarded.
    since = emulator.position()
    with reaping:
        emulator.wait_for("AbortMultipartUpload", since=since)

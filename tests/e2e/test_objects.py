"""ObjectService over the real backends: what a transfer tool needs beside putting."""
import contextlib
import signal
import threading

import grpc
import pytest

import harness
import rpc

MIB = harness.MIB
GRPC_IS_GONE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)  # with no reason: the server has shut it down
SLACK = 24 * MIB  # what freed memory the allocator keeps, and what 100 calls take beside


@pytest.fixture(params=["local", "oss"])
def remote(request, workspace):
    """The options of a remote with the bucket harness.BUCKET."""
    if request.param == "local":
        yield harness.local_remote(workspace)
        return
    with harness.Emulator(workspace) as emulator:
        yield emulator.remote()


@contextlib.contextmanager
def serving(workspace, stubs, remote, server=None, options=()):
    started = harness.Server(workspace, {"there": remote}, server)
    with started, rpc.Client(stubs, started.address, options) as client:
        made = rpc.Objects(client, "there", harness.BUCKET)
        made.server = started
        yield made


@pytest.fixture
def objects(workspace, stubs, remote):
    with serving(workspace, stubs, remote) as made:
        yield made


def failure_of(call, *arguments, **more):
    with pytest.raises(rpc.Failure) as caught:
        call(*arguments, **more)
    return caught.value


def test_what_was_put_is_described_and_read(objects, workspace):
    data = workspace.file("data", 9 * MIB + 12345).read_bytes()
    spec = {"content_type": "text/plain", "metadata": {"name": "wert ä"}}
    finished = objects.put("a/key", data, spec).object
    there = objects.stat("a/key")
    assert (there.size, there.etag, there.crc64_ecma) == (len(data), finished.etag, finished.crc64_ecma)
    assert (there.content_type, dict(there.metadata)) == ("text/plain", {"name": "wert ä"})
    opened, got = objects.read("a/key")
    assert (opened.offset, opened.length, opened.object.etag) == (0, len(data), there.etag)
    assert got == data


def test_ranges_are_what_was_asked_for(objects, workspace):
    data = workspace.file("data", 3 * MIB + 7).read_bytes()
    objects.put("key", data)
    size = len(data)
    for offset, length in [(0, 1), (size - 1, None), (1, 2 * MIB), (2 * MIB, 10 * MIB), (size, None), (5, 0)]:
        end = size if length is None else min(size, offset + length)
        assert objects.read("key", offset, length) == (rpc.ANY, data[offset:end]), (offset, length)
    assert objects.read("key", -10)[1] == data[-10:]
    assert objects.read("key", -2 * size)[1] == data
    failure = failure_of(objects.read, "key", size + 1)
    assert (failure.code, failure.reason) == (grpc.StatusCode.OUT_OF_RANGE, "OFFSET_PAST_END")
    assert failure.metadata["size"] == str(size)


def test_an_empty_object(objects):
    objects.put("empty", b"")
    assert objects.read("empty")[1] == b""
    assert objects.read("empty", -5)[1] == b""
    assert objects.stat("empty").crc64_ecma == 0


def test_what_is_not_there(objects):
    for call in (objects.stat, objects.read):
        failure = failure_of(call, "nothing")
        assert (failure.code, failure.reason) == (grpc.StatusCode.NOT_FOUND, "NO_SUCH_OBJECT")
        assert failure.retry_delay is None
    objects.delete("nothing")
    objects.bucket = "no-such-bucket"
    assert failure_of(objects.read, "nothing").reason == "NO_SUCH_BUCKET"
    assert failure_of(objects.list).reason == "NO_SUCH_BUCKET"


def test_a_read_resumes_only_the_same_object(objects, workspace):
    data = workspace.file("data", 2 * MIB).read_bytes()
    objects.put("key", data)
    opened, first = objects.read("key", 0, MIB)
    assert objects.read("key", MIB, if_match=opened.object.etag)[1] == data[MIB:]
    objects.put("key", b"another")
    failure = failure_of(objects.read, "key", MIB, if_match=opened.object.etag)
    assert (failure.code, failure.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "OBJECT_CHANGED")


def test_lists_in_the_order_of_bytes_page_by_page(objects):
    keys = ["a", "a b", "a/1", "a/2/x", "a0", "b/1", "z", "ä", "日"]
    for key in keys:
        objects.put(key, key.encode())
    assert sorted(keys, key=str.encode) == keys
    for page_size in (0, 1, 2, 1000):
        assert objects.names(page_size=page_size) == keys
        assert objects.names(delimiter="/", page_size=page_size) == ["a", "a b", "<a/>", "a0", "<b/>", "z", "ä", "日"]
        assert objects.names(prefix="a/", delimiter="/", page_size=page_size) == ["a/1", "<a/2/>"]
        assert objects.names(prefix="a", page_size=page_size) == ["a", "a b", "a/1", "a/2/x", "a0"]
    assert objects.names(prefix="c") == []
    failure = failure_of(objects.list, page_token="nonsense")
    assert (failure.code, failure.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "BAD_PAGE_TOKEN")


def test_full_view_tells_what_stat_tells(objects):
    for number in range(20):
        objects.put(f"key-{number:02}", b"x" * number, {"metadata": {"mtime": str(number)}})
    for view in ("OBJECT_VIEW_BASIC", "OBJECT_VIEW_FULL"):
        listed = objects.list(view=view).objects
        assert [entry.object.size for entry in listed] == list(range(20))
        for entry in listed:
            there = objects.stat(entry.object.key)
            assert entry.object.etag == there.etag and entry.object.update_time == there.update_time
            if entry.complete:
                entry.object.backend_request_id = there.backend_request_id
                assert entry.object == there
    assert all(entry.complete for entry in listed)


def test_deletes_one_and_many(objects):
    for number in range(7):
        objects.put(f"key-{number}", b"x")
    objects.delete("key-0")
    assert objects.delete_many(["key-1", "key-2", "nothing", "key-3"]) == []
    assert objects.names() == ["key-4", "key-5", "key-6"]
    failures = objects.delete_many(["key-4", "", "key-5"])
    assert [(f.key, f.reason) for f in failures] == [("", "BAD_KEY")]
    assert objects.names() == ["key-6"]
    assert failure_of(objects.delete_many, []).reason == "BAD_KEY_COUNT"


def test_copies_keep_what_the_source_carries_or_take_what_is_given(objects, workspace):
    data = workspace.file("data", MIB + 1).read_bytes()
    objects.put("from", data, {"content_type": "text/plain", "metadata": {"name": "v"}})
    source = objects.stat("from")
    copy = objects.copy("from", "to", if_match=source.etag)
    assert (copy.key, copy.size, copy.crc64_ecma, dict(copy.metadata)) == ("to", len(data), source.crc64_ecma, {"name": "v"})
    assert objects.read("to")[1] == data
    copy = objects.copy("from", "to", attributes={"metadata": {"other": "w"}, "content_type": "image/png"})
    assert (dict(copy.metadata), copy.content_type) == ({"other": "w"}, "image/png")
    assert objects.stat("to").crc64_ecma == source.crc64_ecma
    assert failure_of(objects.copy, "from", "to", if_match="nonsense").reason == "OBJECT_CHANGED"
    assert failure_of(objects.copy, "nothing", "to").reason == "NO_SUCH_OBJECT"


def test_metadata_is_replaced_and_the_session_still_knows_its_object(objects):
    objects.put("key", b"bytes", {"metadata": {"name": "v"}, "content_type": "text/plain"}, token="a-token-of-this-test")
    before = objects.stat("key")
    changed = objects.update("key", {"metadata": {"mtime": "1"}}, if_match=before.etag)
    assert dict(changed.metadata) == {"mtime": "1"}
    assert (changed.size, changed.crc64_ecma) == (before.size, before.crc64_ecma)
    assert dict(objects.stat("key").metadata) == {"mtime": "1"}
    client = objects.client
    policy = client.pb.ENDED_POLICY_REPLAY_IF_CURRENT
    finished = client.put_finished([client.open("a-token-of-this-test", ended_policy=policy), client.finish(5)])
    assert finished.replayed
    assert failure_of(objects.update, "key", {}, if_match="nonsense").reason == "OBJECT_CHANGED"


def test_configured_buckets_and_prefix_are_the_borders(workspace, stubs, remote):
    with serving(workspace, stubs, remote) as objects:
        for key in ("other/1", "team/a/1", "team/a/2/x", "team/b"):
            objects.put(key, b"x")
        assert harness.BUCKET in [bucket.name for bucket in objects.buckets()]
    restricted = {**remote, "prefix": "team/a/", "buckets": [harness.BUCKET]}
    with serving(workspace, stubs, restricted) as objects:
        assert [bucket.name for bucket in objects.buckets()] == [harness.BUCKET]
        assert objects.names() == ["team/a/1", "team/a/2/x"]
        assert objects.names(delimiter="/") == ["<team/>"]
        assert objects.names(prefix="team/a/", delimiter="/") == ["team/a/1", "<team/a/2/>"]
        for call in (objects.stat, objects.read, objects.delete):
            assert failure_of(call, "other/1").reason == "KEY_NOT_ALLOWED"
        assert failure_of(objects.list, prefix="other").reason == "KEY_NOT_ALLOWED"
        assert failure_of(objects.copy, "other/1", "team/a/3").reason == "KEY_NOT_ALLOWED"
        assert failure_of(objects.copy, "team/a/1", "other/2").reason == "KEY_NOT_ALLOWED"
        assert [f.reason for f in objects.delete_many(["team/a/1", "team/b"])] == ["KEY_NOT_ALLOWED"]
        objects.bucket = "elsewhere"
        assert failure_of(objects.list).reason == "BUCKET_NOT_ALLOWED"


class StalledReader:
    """Takes the first message of a read and then nothing, until it is cancelled."""

    def __init__(self, objects, key, opened):
        self.call = objects.begin_read(key)
        self.thread = threading.Thread(target=self._take_first, args=[opened], daemon=True)
        self.thread.start()

    def _take_first(self, opened):
        with contextlib.suppress(grpc.RpcError):  # it waits for memory until it is cancelled
            next(self.call)
            opened.release()

    def cancel(self):
        self.call.cancel()
        self.thread.join(60)


def test_100_stalled_readers_stay_within_the_read_memory(workspace, stubs, remote):
    """The server holds a first range of as many as it has memory for, and lets the others wait."""
    memory, count = 64 * MIB, 100
    fitting = memory * 7 // 8 // (3 * MIB // 2)  # an eighth is lent to one at a time
    data = workspace.file("data", 32 * MIB).read_bytes()
    with serving(workspace, stubs, remote) as objects:
        objects.put("large", data)
    # No window of gRPC takes as much as a chunk: who stalls takes nothing.
    small_windows = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 64 * 1024)]
    settings = {"read_memory": "64MiB", "bdp_probe": False}
    with serving(workspace, stubs, remote, settings, small_windows) as objects:
        at_start = objects.server.peak()
        opened = threading.Semaphore(0)
        readers = [StalledReader(objects, "large", opened) for _ in range(count)]
        for _ in range(fitting):
            assert opened.acquire(timeout=60)
        most = objects.server.peak()
        print(f"{count} stalled readers, {fitting} of them with memory: {at_start / MIB:.1f} MiB at start, "
              f"at most {most / MIB:.1f}")
        assert most < at_start + memory + SLACK
        for reader in readers:
            reader.cancel()
        assert objects.read("large")[1] == data  # what they held is free again


def test_draining_ends_reads_and_refuses_calls(workspace, stubs, remote):
    with serving(workspace, stubs, remote) as objects:
        data = workspace.file("data", 64 * MIB).read_bytes()
        objects.put("large", data)
        call = objects.begin_read("large")
        next(call)
        process = objects.server.process
        process.signal(signal.SIGTERM)
        process.wait_error("draining")
        with pytest.raises(rpc.Failure) as refused:
            while True:  # until the server has got so far
                objects.stat("large")
        assert refused.value.reason == "DRAINING" or refused.value.code in GRPC_IS_GONE
        got = 0
        with pytest.raises(grpc.RpcError) as caught:
            for response in call:
                got += len(response.chunk.data)
        failure = rpc.decode_failure(caught.value)
        assert got < len(data)
        # Ended by itself, or with the server a second later.
        assert failure.reason == "DRAINING" or failure.code in GRPC_IS_GONE
        assert process.wait() == 0

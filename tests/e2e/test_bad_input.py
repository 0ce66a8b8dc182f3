"""Bad input: a precise error, and what the design says becomes of the session. The server stays up throughout."""
import grpc
import pytest

import harness
import rpc

Code = grpc.StatusCode
TOKEN = "bad-input-token-0123456789"
DATA = b"0123456789" * 100


@pytest.fixture(scope="module")
def setup(stubs):
    with harness.Workspace() as workspace, harness.Emulator(workspace) as emulator:
        remotes = {"oss": emulator.remote(), "disk": harness.local_remote(workspace)}
        with harness.Server(workspace, remotes) as server, rpc.Client(stubs, server.address) as client:
            yield client
            assert server.process.running()


_count = 0


@pytest.fixture
def token():
    global _count
    _count += 1
    return f"{TOKEN}-{_count}"


def fails(client, frames):
    with pytest.raises(rpc.Failure) as caught:
        client.put(frames)
    return caught.value


def check(failure, code, reason, retry=False, **metadata):
    assert (failure.code, failure.reason) == (code, reason), failure
    assert (failure.retry_delay is not None) == retry, failure
    for name, value in metadata.items():
        assert failure.metadata.get(name) == str(value), failure


def gone(client, token):
    with pytest.raises(rpc.Failure) as caught:
        client.session(token)
    assert caught.value.reason == "SESSION_NOT_FOUND"


BAD_SPECS = [
    ("empty key", dict(key=""), "BAD_KEY"),
    ("long key", dict(key="k" * 1024), "BAD_KEY"),
    ("bucket rule", dict(bucket="No_Bucket"), "BAD_BUCKET"),
    ("bucket too short", dict(bucket="ab"), "BAD_BUCKET"),
    ("unknown remote", dict(remote="nowhere"), "UNKNOWN_REMOTE"),
    ("part size too small", dict(spec=dict(part_size=1024)), "BAD_PART_SIZE"),
    ("part size too large", dict(spec=dict(part_size=6 << 30)), "BAD_PART_SIZE"),
    ("negative total size", dict(spec=dict(total_size=-1)), "BAD_TOTAL_SIZE"),
    ("negative parallelism", dict(spec=dict(max_parallel_parts=-1)), "BAD_PARALLEL_PARTS"),
    ("object too large", dict(spec=dict(total_size=1 << 60)), "OBJECT_TOO_LARGE"),
    ("control character", dict(spec=dict(content_type="text/plain\r\nx: y")), "BAD_HEADER_VALUE"),
    ("metadata size", dict(spec=dict(metadata={"a": "b" * 9000})), "BAD_METADATA"),
    ("metadata name", dict(spec=dict(metadata={"A_b": "c"})), "BAD_METADATA"),
    ("reserved metadata", dict(spec=dict(metadata={"penstock-mark": "c"})), "BAD_METADATA"),
    ("backend option", dict(spec=dict(backend_options={"no-such-option": "1"})), "BAD_BACKEND_OPTION"),
]


@pytest.mark.parametrize("change,reason", [row[1:] for row in BAD_SPECS], ids=[row[0] for row in BAD_SPECS])
def test_bad_spec_is_refused_and_creates_nothing(setup, token, change, reason):
    spec = {"remote": "oss", "bucket": harness.BUCKET, "key": "k", **change}
    failure = fails(setup, [setup.open(token, **spec), setup.chunk(0, DATA)])
    check(failure, Code.INVALID_ARGUMENT, reason)
    assert failure.message
    gone(setup, token)


@pytest.mark.parametrize("bad", ["short", "x" * 129, "with space 0123456789", "umlaut-ä-0123456789"])
def test_bad_token_is_refused_without_repeating_it(setup, bad):
    failure = fails(setup, [setup.open(bad, "oss", harness.BUCKET, "k")])
    check(failure, Code.INVALID_ARGUMENT, "BAD_SESSION_TOKEN")
    assert bad not in failure.message


def test_missing_bucket(setup, token):
    failure = fails(setup, [setup.open(token, "oss", "no-such-bucket", "k"), setup.chunk(0, DATA),
                            setup.finish(len(DATA))])
    check(failure, Code.NOT_FOUND, "NO_SUCH_BUCKET")


def test_what_the_server_does_not_know_is_refused_by_name(setup, token):
    for more, name in [({"ended_policy": 9}, "ended_policy"), ({"required_features": ["teleport"]}, "teleport")]:
        failure = fails(setup, [setup.open(token, "disk", harness.BUCKET, "k", **more)])
        assert failure.code == Code.UNIMPLEMENTED and name in failure.message, failure


def opened(setup, token, remote="disk", **spec):
    return setup.open(token, remote, harness.BUCKET, "k", spec={"part_size": 1 << 20, **spec})


def part(setup):
    """Exactly one part of the size that `opened` asks for, and what follows it."""
    return setup.chunk(0, b"p" * (1 << 20))


def test_chunk_beyond_the_limit(setup, token):
    failure = fails(setup, [opened(setup, token), setup.chunk(0, b"x" * (2 * rpc.MIB + 1))])
    check(failure, Code.INVALID_ARGUMENT, "CHUNK_TOO_LARGE", max_chunk_bytes=2 * rpc.MIB, got=2 * rpc.MIB + 1)


def test_gap_is_told_and_changes_nothing(setup, token):
    failure = fails(setup, [opened(setup, token), setup.chunk(0, DATA), setup.chunk(2000, DATA)])
    check(failure, Code.OUT_OF_RANGE, "OFFSET_GAP", expected=1000, got=2000)
    setup.put([opened(setup, token), setup.chunk(0, DATA), setup.finish(len(DATA))])


def test_wrong_crc32c_ends_the_stream_and_the_session_survives(setup, token):
    frames = [opened(setup, token), part(setup), setup.chunk(1 << 20, DATA, crc32c=1)]
    check(fails(setup, frames), Code.DATA_LOSS, "CHUNK_CRC_MISMATCH", retry=True, offset=1 << 20)
    assert setup.put_finished([opened(setup, token), part(setup), setup.chunk(1 << 20, DATA),
                               setup.finish((1 << 20) + 1000)]).object.size == (1 << 20) + 1000


def test_wrong_total_size_leaves_the_session_open(setup, token):
    frames = [opened(setup, token), part(setup), setup.finish(5)]
    check(fails(setup, frames), Code.OUT_OF_RANGE, "SIZE_MISMATCH", expected=1 << 20, got=5)
    assert setup.session(token).state == setup.pb.Session.STATE_OPEN
    setup.put([opened(setup, token), part(setup), setup.finish(1 << 20)])


def test_finish_must_keep_the_declared_size(setup, token):
    frames = [opened(setup, token, total_size=7), setup.chunk(0, b"12345"), setup.finish(5)]
    check(fails(setup, frames), Code.OUT_OF_RANGE, "SIZE_MISMATCH", expected=7, got=5)


def test_more_than_the_declared_size(setup, token):
    check(fails(setup, [opened(setup, token, total_size=7), setup.chunk(0, DATA)]), Code.OUT_OF_RANGE,
          "SIZE_MISMATCH", expected=7, got=1000)


def test_finish_without_size(setup, token):
    check(fails(setup, [opened(setup, token), setup.chunk(0, DATA), setup.finish()]), Code.INVALID_ARGUMENT,
          "TOTAL_SIZE_REQUIRED")


def test_wrong_crc64_fails_the_session_and_publishes_nothing(setup, token):
    frames = [opened(setup, token), part(setup), setup.finish(1 << 20, crc64=1)]
    check(fails(setup, frames), Code.DATA_LOSS, "CONTENT_MISMATCH", expected="0000000000000001")
    session = setup.session(token)
    assert session.state == setup.pb.Session.STATE_FAILED and session.failure_reason == "CONTENT_MISMATCH"
    check(fails(setup, [opened(setup, token)]), Code.FAILED_PRECONDITION, "CONTENT_MISMATCH")


def test_second_open(setup, token):
    check(fails(setup, [opened(setup, token), opened(setup, token)]), Code.INVALID_ARGUMENT, "SECOND_OPEN")


def test_first_frame_must_be_open(setup):
    check(fails(setup, [setup.chunk(0, DATA)]), Code.INVALID_ARGUMENT, "OPEN_EXPECTED")
    check(fails(setup, [setup.pb.PutObjectRequest()]), Code.INVALID_ARGUMENT, "EMPTY_FRAME")
    check(fails(setup, []), Code.INVALID_ARGUMENT, "OPEN_EXPECTED")


def test_message_without_frame(setup, token):
    check(fails(setup, [opened(setup, token), setup.pb.PutObjectRequest()]), Code.INVALID_ARGUMENT, "EMPTY_FRAME")


def test_frame_after_finish_is_an_error_and_the_object_is_finished(setup, token):
    failure = fails(setup, [opened(setup, token), part(setup), setup.finish(1 << 20), setup.chunk(0, DATA)])
    check(failure, Code.INVALID_ARGUMENT, "FRAME_AFTER_FINISH")
    # Nobody opens the session again meanwhile: a newer `open` would take it over.
    while (session := setup.session(token)).state != setup.pb.Session.STATE_FINISHED:
        assert session.state in (setup.pb.Session.STATE_OPEN, setup.pb.Session.STATE_FINISHING)
    assert setup.put_finished([opened(setup, token)]).object.size == 1 << 20


def test_half_close_before_finish_leaves_the_session_open(setup, token):
    check(fails(setup, [opened(setup, token), part(setup), setup.chunk(1 << 20, DATA)]), Code.FAILED_PRECONDITION,
          "NOT_FINISHED")
    session = setup.session(token)
    assert session.state == setup.pb.Session.STATE_OPEN
    finished = setup.put_finished(
        [opened(setup, token), part(setup), setup.chunk(1 << 20, DATA), setup.finish((1 << 20) + 1000)])
    assert finished.object.size == (1 << 20) + 1000


def test_different_spec_on_resume(setup, token):
    fails(setup, [opened(setup, token), part(setup), setup.chunk(1 << 20, DATA)])
    failure = fails(setup, [setup.open(token, "disk", harness.BUCKET, "other"), setup.chunk(0, DATA)])
    check(failure, Code.FAILED_PRECONDITION, "SPEC_MISMATCH", field="key")
    assert setup.session(token).state == setup.pb.Session.STATE_OPEN


def test_modes(setup, token):
    pb = setup.pb
    check(fails(setup, [setup.open(token, mode=pb.OPEN_MODE_RESUME)]), Code.NOT_FOUND, "SESSION_NOT_FOUND")
    check(fails(setup, [setup.open(token)]), Code.INVALID_ARGUMENT, "OBJECT_REQUIRED")
    setup.put([opened(setup, token), setup.chunk(0, DATA), setup.finish(len(DATA))])
    check(fails(setup, [setup.open(token, "disk", harness.BUCKET, "k", mode=pb.OPEN_MODE_CREATE)]),
          Code.ALREADY_EXISTS, "SESSION_EXISTS")


def test_replay_buffer_too_small(setup, token):
    failure = fails(setup, [setup.open(token, "oss", harness.BUCKET, "k", replay_buffer_bytes=1000)])
    check(failure, Code.INVALID_ARGUMENT, "REPLAY_BUFFER_TOO_SMALL", minimum=4 * 102400, got=1000)


def test_forbidden_overwrite(setup):
    tokens = [f"{TOKEN}-overwrite-{i}" for i in range(2)]
    for remote in ("disk", "oss"):
        frames = lambda token: [setup.open(f"{token}-{remote}", remote, harness.BUCKET, "once",
                                           spec={"forbid_overwrite": True}),
                                setup.chunk(0, DATA), setup.finish(len(DATA))]
        setup.put(frames(tokens[0]))
        check(fails(setup, frames(tokens[1])), Code.ALREADY_EXISTS, "OBJECT_EXISTS")


def test_requests_about_sessions(setup):
    pb = setup.pb
    cases = [("GetSession", pb.GetSessionRequest(), Code.INVALID_ARGUMENT, "NAME_REQUIRED"),
             ("GetSession", pb.GetSessionRequest(session_id="nobody"), Code.NOT_FOUND, "SESSION_NOT_FOUND"),
             ("AbortSession", pb.AbortSessionRequest(session_token="unknown-token-0123456789"), Code.NOT_FOUND,
              "SESSION_NOT_FOUND"),
             ("ListSessions", pb.ListSessionsRequest(page_size=1001), Code.INVALID_ARGUMENT, "BAD_PAGE_SIZE"),
             ("ListSessions", pb.ListSessionsRequest(page_token="rubbish"), Code.INVALID_ARGUMENT, "BAD_PAGE_TOKEN")]
    for method, request, code, reason in cases:
        with pytest.raises(rpc.Failure) as caught:
            setup.call(method, request)
        check(caught.value, code, reason)


def test_bytes_that_are_no_frame_end_the_stream_but_not_the_session(setup, token):
    put = setup.channel.stream_stream("/penstock.v1.PutService/PutObject")  # messages as bytes
    open_, chunk = (frame.SerializeToString() for frame in (setup.open(token, "oss", harness.BUCKET, "k"),
                                                            setup.chunk(0, DATA)))
    for frames in ([b"\xff"], [open_, chunk[:-1]], [open_, chunk, b"\x12\x7f"]):
        with pytest.raises(grpc.RpcError) as caught:
            list(put(iter(frames), timeout=60))
        check(rpc.decode_failure(caught.value), Code.INVALID_ARGUMENT, "BAD_FRAME")
    frames = [setup.open(token, "oss", harness.BUCKET, "k"), *setup.chunks(DATA), setup.finish(len(DATA))]
    assert setup.put_finished(frames).object.size == len(DATA)

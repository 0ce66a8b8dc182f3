"""What an `open` finds of a session that has ended: finished, aborted or expired."""
import random
import time

import grpc
import pytest

import harness
import rpc

KIB = 1 << 10
MIB = harness.MIB
TOKEN = "ended-token-0123456789"
OLD = random.Random(1).randbytes(300 * KIB)
NEW = random.Random(2).randbytes(200 * KIB)


def frames(client, data, policy=None, flush_first=False):
    """A whole put; with `flush_first` it has a record early, and so goes by multipart."""
    opening = client.open(TOKEN, "oss", harness.BUCKET, "k", **({"ended_policy": policy} if policy else {}))
    return [opening, *client.chunks(data), *([client.flush()] if flush_first else []), client.finish(len(data))]


def count(emulator, operation):
    return sum(1 for e in emulator.journal() if e["operation"] == operation)


@pytest.fixture
def client(workspace, emulator, stubs):
    with harness.Server(workspace, {"oss": emulator.remote()}) as server, rpc.Client(stubs, server.address) as made:
        yield made


@pytest.mark.parametrize("multipart", [False, True])
def test_policies_while_the_object_is_ours(client, emulator, multipart):
    session = client.put(frames(client, OLD, flush_first=multipart))[0].opened.session
    assert count(emulator, "CompleteMultipartUpload") == multipart
    for policy in (client.pb.ENDED_POLICY_REPLAY, client.pb.ENDED_POLICY_REPLAY_IF_CURRENT,
                   client.pb.ENDED_POLICY_START_OVER):
        answers = client.put(frames(client, OLD, policy))
        assert answers[-1].finished.replayed
        assert answers[0].opened.session.session_id == session.session_id
    assert count(emulator, "PutObject") + count(emulator, "CompleteMultipartUpload") == 1


@pytest.mark.parametrize("multipart", [False, True])
def test_policies_after_the_object_was_deleted(client, emulator, multipart):
    old = client.put(frames(client, OLD, flush_first=multipart))[0].opened.session
    assert emulator.request("DELETE", "k")[0] == 204
    assert client.put_finished(frames(client, OLD, client.pb.ENDED_POLICY_REPLAY)).replayed
    with pytest.raises(rpc.Failure) as caught:
        client.put(frames(client, OLD, client.pb.ENDED_POLICY_REPLAY_IF_CURRENT))
    assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "OBJECT_CHANGED")
    assert caught.value.retry_delay is None
    answers = client.put(frames(client, NEW, client.pb.ENDED_POLICY_START_OVER))
    new = answers[0].opened
    assert new.session.session_id != old.session_id and new.session.epoch > old.epoch
    assert (new.resumed, new.resume_offset, new.session.committed_size) == (False, 0, 0)
    assert not answers[-1].finished.replayed
    assert emulator.read("k") == NEW


def test_object_of_somebody_else_is_not_current(client, emulator):
    client.put(frames(client, OLD))
    other = "other-token-0123456789"
    client.put([client.open(other, "oss", harness.BUCKET, "k"), client.chunk(0, OLD), client.finish(len(OLD))])
    with pytest.raises(rpc.Failure) as caught:
        client.put(frames(client, OLD, client.pb.ENDED_POLICY_REPLAY_IF_CURRENT))
    assert caught.value.reason == "OBJECT_CHANGED"


def test_start_over_after_an_abort(client, emulator):
    stream = rpc.LiveStream(client)
    stream.send(client.open(TOKEN, "oss", harness.BUCKET, "k"), client.chunk(0, OLD), client.flush())
    stream.wait_committed(len(OLD))
    aborted = client.call("AbortSession", client.pb.AbortSessionRequest(session_token=TOKEN)).session
    assert aborted.state == client.pb.Session.STATE_ABORTED
    stream.join()
    assert stream.failure.reason == "SESSION_ABORTED"
    emulator.wait_for("AbortMultipartUpload")
    with pytest.raises(rpc.Failure) as caught:
        client.put(frames(client, NEW))
    assert caught.value.reason == "SESSION_ABORTED" and caught.value.retry_delay is None
    answers = client.put(frames(client, NEW, client.pb.ENDED_POLICY_START_OVER))
    assert answers[0].opened.session.session_id != aborted.session_id
    assert emulator.read("k") == NEW


@pytest.mark.parametrize("by", ["client", "server"])
def test_idle_session_expires_and_its_token_begins_anew(workspace, emulator, stubs, by):
    def server(**sessions):
        return harness.Server(workspace, {"oss": emulator.remote()}, sessions={"linger": "0", **sessions})

    # Nobody reaps in the life in which it must be alive: whoever is off for a second there finds it expired.
    rarely = {"reap_interval": "1h", **({"idle_ttl": "1s"} if by == "server" else {})}
    with server(**rarely) as first, rpc.Client(stubs, first.address) as client:
        opening = client.open(TOKEN, "oss", harness.BUCKET, "k")
        if by == "client":
            opening.open.object.idle_ttl.seconds = 1
        stream = rpc.LiveStream(client)
        stream.send(opening, client.chunk(0, OLD), client.flush())
        stream.wait_committed(len(OLD))
        session = client.session(TOKEN)
        assert session.object.idle_ttl.seconds == 1
        # Not to the nanosecond: the expiry moves in steps of a quarter of the time to live.
        assert 0.7e9 < session.expire_time.ToNanoseconds() - session.update_time.ToNanoseconds() < 1.3e9
        first.kill()
        stream.join()
    with server(reap_interval="100ms") as second, rpc.Client(stubs, second.address) as client:
        # Once: the second time is a quarter of an hour later.
        assert len(emulator.wait_for("AbortMultipartUpload")["entries"]) == 1
        expired = client.session(TOKEN)
        assert (expired.state, expired.committed_size) == (client.pb.Session.STATE_EXPIRED, len(OLD))
        with pytest.raises(rpc.Failure) as caught:
            client.put([client.open(TOKEN)])
        assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "SESSION_EXPIRED")
        assert caught.value.retry_delay is None
        answers = client.put(frames(client, NEW, client.pb.ENDED_POLICY_START_OVER))
        assert answers[0].opened.resume_offset == 0
        assert answers[0].opened.session.session_id != session.session_id
    assert emulator.read("k") == NEW


def test_what_is_ended_is_forgotten_after_its_retention(workspace, emulator, stubs):
    sessions = {"retention": "1s", "reap_interval": "100ms"}
    with harness.Server(workspace, {"oss": emulator.remote()}, sessions=sessions) as server, \
            rpc.Client(stubs, server.address) as client:
        client.put(frames(client, OLD))
        with pytest.raises(rpc.Failure) as caught:
            while client.session(TOKEN).state == client.pb.Session.STATE_FINISHED:
                pass
        assert caught.value.reason == "SESSION_NOT_FOUND"
    assert emulator.read("k") == OLD


@pytest.mark.parametrize("seconds", [0, -1])
def test_time_to_live_must_be_positive(client, seconds):
    opening = client.open(TOKEN, "oss", harness.BUCKET, "k")
    opening.open.object.idle_ttl.seconds = seconds
    with pytest.raises(rpc.Failure) as caught:
        client.put([opening])
    assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "BAD_IDLE_TTL")


def test_connected_stream_keeps_its_session_alive(workspace, emulator, stubs):
    """Also where the time to live is shorter than the interval of progress. What the reaper makes of it is a matter of
    times, and is shown in session_reaper_test.cc, whose clock stands still."""
    sessions = {"reap_interval": "1h", "idle_ttl": "8s"}
    rare = {"progress_interval": "1h"}
    with harness.Server(workspace, {"oss": emulator.remote()}, rare, sessions=sessions) as server, \
            rpc.Client(stubs, server.address) as client:
        stream = rpc.LiveStream(client)
        stream.send(client.open(TOKEN, "oss", harness.BUCKET, "k"), client.chunk(0, OLD), client.flush())
        stream.wait_committed(len(OLD))
        first = client.session(TOKEN)
        deadline = time.monotonic() + 60
        while (session := client.session(TOKEN)).expire_time == first.expire_time:
            assert time.monotonic() < deadline
        assert session.state == client.pb.Session.STATE_OPEN
        assert session.expire_time.ToNanoseconds() > first.expire_time.ToNanoseconds()
        stream.cancel()

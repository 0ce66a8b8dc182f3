"""SIGKILL at what ends a session without its client, forgets it, or begins it anew; then a restart, and a client that
comes back. In the lives of the server in which nothing is to be reaped, the reaper is held: it comes a few seconds after
the start, whatever its interval is."""
import pytest

import crash
import rpc
from crash import PART
from points import DATA, OTHER, mixed

COMMITTED = 2 * PART
UNREAPED = "expire.before=hold,forget.before=hold"


def begun(scene, **sessions):
    """A session with two parts, and its server."""
    scene.configure(**sessions)
    scene.start(UNREAPED)
    first = scene.stream()
    first.send_data(DATA[:COMMITTED])
    first.committed(COMMITTED)
    return first


def dies_reaping(scene, point):
    scene.server.kill()
    scene.configure(reap_interval="100ms")
    scene.start(f"{point}=kill")
    scene.await_death()
    scene.configure()
    scene.start(f"{UNREAPED},abort_upload.before=hold")


def is_refused(scene, reason):
    """As often as anybody asks."""
    for _ in range(2):
        again = scene.stream().end()
        assert again.failure.reason == reason and again.failure.retry_delay is None, again.failure


# The reaper dies before it has moved the state: the session is idle, and its client can still come back.
def test_death_before_it_expires(scene):
    begun(scene, idle_ttl="1s")
    dies_reaping(scene, "expire.before")
    assert len(scene.emulator.uploads()) == 1
    second = scene.stream()
    assert second.opened().session.committed_size == COMMITTED
    scene.put_to_the_end(mixed(COMMITTED), second)
    scene.unique_numbers()
    scene.check_finished(mixed(COMMITTED))


# It dies after that: the session stays expired, and whoever reaps next discards its upload, once more where nobody knows
# that it was.
@pytest.mark.parametrize("point,uploads,discarded_again", [
    ("expire.after", 1, True), ("abort_upload.before", 1, True), ("abort_upload.after", 0, True),
    ("upload_aborted.before", 0, True), ("upload_aborted.after", 0, False)])
def test_death_while_it_expires(scene, point, uploads, discarded_again):
    begun(scene, idle_ttl="1s")
    dies_reaping(scene, point)
    assert len(scene.emulator.uploads()) == uploads
    session = scene.session()
    assert (session.state, session.committed_size) == (session.STATE_EXPIRED, COMMITTED)
    is_refused(scene, "SESSION_EXPIRED")
    scene.server.kill()
    since = scene.emulator.position()
    scene.configure(reap_interval="100ms")
    scene.start()
    if discarded_again:
        scene.emulator.wait_for("AbortMultipartUpload", since=since)
    assert not scene.emulator.uploads()
    is_refused(scene, "SESSION_EXPIRED")


# What has ended is known until it is forgotten in one transaction, and then not at all. The object is not touched.
@pytest.mark.parametrize("point", ["forget.before", "forget.after"])
def test_death_while_it_is_forgotten(scene, point):
    first = begun(scene, retention="1s")
    first.send(*first.client.chunks(DATA, COMMITTED), first.client.finish(len(DATA)))
    assert first.finished()
    first.end()
    dies_reaping(scene, point)
    if point == "forget.before":
        scene.check_finished(DATA)
        return
    with pytest.raises(rpc.Failure) as caught:
        scene.session()
    assert caught.value.reason == "SESSION_NOT_FOUND"
    assert scene.emulator.read(crash.KEY) == DATA
    before = first.opened().session
    scene.new_life()
    opened = scene.stream().opened()
    assert (opened.resumed, opened.session.committed_size, opened.session.epoch) == (False, 0, 1)
    assert opened.session.session_id != before.session_id


def aborted(scene):
    """A session that was aborted, and its upload discarded."""
    first = begun(scene)
    client = scene.client()
    session = client.call("AbortSession", client.pb.AbortSessionRequest(session_token=crash.TOKEN)).session
    first.end()
    scene.emulator.wait_for("AbortMultipartUpload")
    return session


def start_over(scene):
    scene.new_life()
    return scene.stream(ended_policy=scene.client().pb.ENDED_POLICY_START_OVER)


# Rule 8: the new life begins in one transaction. Before it the session is what it was; after it any client goes on with
# the new one, though nobody was told of it.
@pytest.mark.parametrize("point", ["start_over.before", "start_over.after"])
def test_death_while_it_begins_anew(scene, point):
    old = aborted(scene)
    scene.server.kill()
    scene.start(f"{point}=kill")
    second = start_over(scene)
    scene.await_death()
    assert second.end().responses == []
    scene.start()
    now = scene.session()
    if point == "start_over.before":
        assert (now.session_id, now.state, now.epoch) == (old.session_id, now.STATE_ABORTED, old.epoch)
        is_refused(scene, "SESSION_ABORTED")
        third = start_over(scene)
    else:
        assert now.session_id != old.session_id
        assert (now.state, now.epoch, now.committed_size) == (now.STATE_OPEN, old.epoch + 1, 0)
        third = scene.stream()
    opened = third.opened().session
    assert opened.session_id != old.session_id and opened.committed_size == 0
    assert opened.epoch == old.epoch + (1 if point == "start_over.before" else 2)
    scene.put_to_the_end(OTHER, third)
    scene.check_finished(OTHER)


# The server lives, and repeats it: one new life, not two.
@pytest.mark.parametrize("point", ["start_over.before", "start_over.after"])
def test_failure_while_it_begins_anew(scene, point):
    old = aborted(scene)
    scene.server.kill()
    scene.start(f"{point}=fail")
    second = start_over(scene)
    opened = second.opened()
    scene.await_point(point, "fail")
    assert (opened.session.epoch, opened.resumed, opened.session.committed_size) == (old.epoch + 1, False, 0)
    scene.put_to_the_end(OTHER, second)
    scene.check_finished(OTHER)

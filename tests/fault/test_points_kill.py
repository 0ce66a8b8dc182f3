"""SIGKILL at every crash point, then a restart and a client that comes back."""
import pytest

from crash import PART
from points import DATA, FLUSHES, MOMENTS, MULTIPART, SINGLE_PUT, SMALL, SMALL_MOMENTS, TAIL, Point, cases, mixed


def die_and_restart(scene, point, data):
    scene.start(point.armed("kill"))
    first = scene.put(data)
    scene.await_death()
    first.end()
    scene.start()


@pytest.mark.parametrize("point", cases(MULTIPART + MOMENTS))
def test_upload(scene, point):
    die_and_restart(scene, point, DATA)
    second = scene.stream()
    opened = second.opened()
    assert opened.session.committed_size == point.committed_size
    assert opened.resume_offset == point.committed_size, "another process has no memory of it"
    data = mixed(point.committed_size)
    scene.put_to_the_end(data, second)
    scene.unique_numbers()
    scene.check_finished(data, orphans=point.orphans)


# Row 5, of a session that has a record: its claim is in the store, and nobody was told of it.
def test_opened_of_a_recorded_session_is_lost(scene):
    scene.start("opened=kill@2")
    first = scene.stream()
    first.send_data(DATA[:PART])
    first.committed(PART)
    before = first.opened().session
    second = scene.stream()
    scene.await_death()
    first.end()
    assert second.end().responses == []
    scene.start()
    third = scene.stream()
    session = third.opened().session
    assert (session.session_id, session.committed_size) == (before.session_id, PART)
    assert (before.epoch, session.epoch) == (1, 3)  # the lost one was the second
    scene.put_to_the_end(mixed(PART), third)
    scene.unique_numbers()
    scene.check_finished(mixed(PART))


# A flush dies in the middle: what was acknowledged of the tail is there, and what was not is sent again.
@pytest.mark.parametrize("point,committed", [pytest.param(*case, id=f"tail-{case[0].armed('kill')}") for case in TAIL])
def test_flush(scene, point, committed):
    scene.start(point.armed("kill"))
    first = scene.stream()
    first.send(*first.client.chunks(DATA[:FLUSHES[0]]), first.client.flush())
    if point.at > 1:
        first.committed(FLUSHES[0])
        first.send(*first.client.chunks(DATA[:FLUSHES[1]], FLUSHES[0]), first.client.flush())
    scene.await_death()
    first.end()
    scene.start()
    second = scene.stream()
    opened = second.opened()
    assert (opened.session.committed_size, opened.resume_offset) == (committed, committed)
    data = mixed(committed)
    scene.put_to_the_end(data, second)
    scene.unique_numbers()
    scene.check_finished(data)


@pytest.mark.parametrize("point", cases(SINGLE_PUT + SMALL_MOMENTS))
def test_small_object(scene, point):
    die_and_restart(scene, point, SMALL)
    scene.put_to_the_end(SMALL)
    scene.check_finished(SMALL)


# A second server dies while it establishes what became of the first one's session.
@pytest.mark.parametrize("point", cases([
    Point("14", "claim.before"), Point("14", "claim.after"), Point("14", "opened"), Point("14", "stat.before"),
    Point("14", "stat.after"), Point("14", "complete.before"), Point("16", "complete.after"),
    Point("16", "finish.before"), Point("17", "finish.after"), Point("17", "finished")]))
def test_death_while_resolving(scene, point):
    scene.start("seal.after=kill")
    first = scene.put(DATA)
    scene.await_death()
    first.end()
    scene.start(point.armed("kill"))
    second = scene.stream()
    scene.await_death()
    second.end()
    scene.start()
    assert scene.session().committed_size == len(DATA)
    third = scene.stream().end()  # brings nothing, and need not: the seal says what to publish
    assert third.failure is None, third.failure
    scene.check_finished(DATA)


# Another server of a single put must not send without having asked: sign, ask, send.
@pytest.mark.parametrize("point", cases([Point("small", name) for name in (
    "claim.after", "stat.after", "opened", "prepare_put.after", "renew.before", "renew.after", "send_put.before",
    "send_put.after", "finish.before", "finish.after")]))
def test_death_while_resolving_a_small_object(scene, point):
    scene.start("send_put.before=kill")
    first = scene.put(SMALL)
    scene.await_death()
    first.end()
    die_and_restart(scene, point, SMALL)
    scene.put_to_the_end(SMALL)
    scene.check_finished(SMALL)

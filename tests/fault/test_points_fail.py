"""The call at every crash point fails, before its effect or after it, and the server lives: what it does about it alone,
and what is left for the client."""
import pytest

from points import DATA, FLUSHES, MULTIPART, SINGLE_PUT, SMALL, TAIL, Point, cases


@pytest.mark.parametrize("point", cases(MULTIPART))
def test_upload(scene, point):
    scene.start(point.armed("fail"))
    scene.put_to_the_end(DATA)
    scene.await_point(point.name, "fail")
    orphans = point.orphans if point.orphans_on_failure is None else point.orphans_on_failure
    scene.check_finished(DATA, orphans=orphans)


@pytest.mark.parametrize("point", cases(SINGLE_PUT))
def test_small_object(scene, point):
    scene.start(point.armed("fail"))
    scene.put_to_the_end(SMALL)
    scene.await_point(point.name, "fail")
    scene.check_finished(SMALL)


# The server repeats what may have been saved, and acknowledges no flush before it is.
@pytest.mark.parametrize("point", [pytest.param(p, id=f"tail-{p.armed('fail')}") for p, _ in TAIL])
def test_flush(scene, point):
    scene.start(point.armed("fail"))
    first = scene.stream()
    offset = 0
    for end in FLUSHES:
        first.send(*first.client.chunks(DATA[:end], offset), first.client.flush())
        first.committed(end)
        assert scene.session().committed_size == end
        offset = end
    scene.await_point(point.name, "fail")
    first.send(*first.client.chunks(DATA, offset), first.client.finish(len(DATA)))
    assert first.finished()
    first.end()
    scene.unique_numbers()
    scene.check_finished(DATA)


# Row 9 once more: the commit's outcome is unknown, and its owner dies when it repeats it.
@pytest.mark.parametrize("then", ["commit.before", "commit.after"])
def test_death_at_the_repetition_of_an_unknown_commit(scene, then):
    scene.start(f"commit.after=fail@2,{Point('9', then, at=3).armed('kill')}")
    first = scene.put(DATA)
    scene.await_death()
    first.end()
    scene.start()
    # The first try had its effect, and the second none of its own.
    assert scene.session().part_count == 2
    scene.put_to_the_end(DATA)
    scene.check_finished(DATA)


# Row 24. What the backend has stored counts for nothing until the store has it.
def test_store_that_stays_away_stops_acknowledgement(scene):
    scene.start("commit.before=fail@2+")
    first = scene.put(DATA).end()
    assert first.failure.reason == "STORE_UNAVAILABLE" and first.failure.retry_delay is not None, first.failure
    assert max(r.progress.committed_size for r in first.responses) == len(DATA) // 7 * 2  # the first part
    scene.server.kill()
    scene.start()
    scene.put_to_the_end(DATA)
    scene.check_finished(DATA)

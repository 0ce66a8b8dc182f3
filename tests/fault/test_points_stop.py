"""SIGSTOP at every crash point; somebody else opens the session, and then the process goes on. With one SQLite file a
server, owner and successor live in the same process: what was under way when it stopped meets the new claim."""
import pytest

from points import DATA, MOMENTS, MULTIPART, SINGLE_PUT, SMALL, SMALL_MOMENTS, cases


def stop_and_be_succeeded(scene, point, data):
    scene.start(point.armed("stop"))
    first = scene.put(data)
    scene.await_stop()
    second = scene.stream()
    scene.go_on()
    won = scene.put_to_the_end(data, second)
    first.end()
    if won is None:
        # Only before there is a record: then nothing says which of the two came last, and either may go on.
        assert point.name in ("claim.before", "claim.after", "create.before"), point
        assert first.failure is None, first.failure
    # It was first, and finished, or it was told why not.
    assert first.failure is None or first.failure.reason in ("STALE_WRITER", "TOKEN_TAKEN"), first.failure


@pytest.mark.parametrize("point", cases(MULTIPART + MOMENTS))
def test_upload(scene, point):
    stop_and_be_succeeded(scene, point, DATA)
    scene.check_finished(DATA)


@pytest.mark.parametrize("point", cases(SINGLE_PUT + SMALL_MOMENTS))
def test_small_object(scene, point):
    stop_and_be_succeeded(scene, point, SMALL)
    # Both may have put it: the same bytes under the same mark.
    scene.check_finished(SMALL, published=(1, 2))

"""SIGSTOP when a frame is about to be sent: a moment, at which nothing can be held (test_points_hold.py). The process
stands still as a whole, so that nobody else can take over meanwhile: with one SQLite file there is no other process. The
`open` of somebody else waits in its socket until it goes on. What is told then is still true, and the newer stream is
told no less."""
import pytest

from crash import PART
from points import DATA, MOMENTS, OTHER, OTHER_SMALL, SMALL, SMALL_MOMENTS, mixed

POINTS = {p.name: p for p in MOMENTS}


def stopped(scene, point, begin):
    """A stream that has begun like this, and one that was opened while the process stood still; now it goes on."""
    scene.start(point.armed("stop"))
    first = begin()
    scene.await_stop()
    second = scene.stream()
    scene.go_on()
    return first, second


def puts(scene, stream, data):
    stream.send_data(data)
    stream.finish(data)
    assert stream.finished()
    stream.end()
    scene.check_finished(data)


# There is no record yet, so the newer stream has an epoch no higher, and nothing that the older one sent.
@pytest.mark.parametrize("point,data", [pytest.param(POINTS["opened"], OTHER, id="5-opened"),
                                        pytest.param(SMALL_MOMENTS[0], OTHER_SMALL, id="small-opened")])
def test_opened(scene, point, data):
    first, second = stopped(scene, point, scene.stream)
    assert first.opened().session.epoch == second.opened().session.epoch == 1
    assert second.opened().resume_offset == 0
    assert first.end().failure.reason == "STALE_WRITER", first.failure
    puts(scene, second, data)


def test_progress(scene):
    def two_parts():
        stream = scene.stream()
        stream.send_data(DATA[:2 * PART])
        return stream

    first, second = stopped(scene, POINTS["progress"], two_parts)
    opened = second.opened()
    assert (opened.session.epoch, opened.session.committed_size, opened.resume_offset) == (2, 2 * PART, 2 * PART)
    first.committed(2 * PART)
    assert first.end().failure.reason == "STALE_WRITER", first.failure
    puts(scene, second, mixed(2 * PART))


@pytest.mark.parametrize("point,data", [pytest.param(POINTS["finished"], DATA, id="17-finished"),
                                        pytest.param(SMALL_MOMENTS[1], SMALL, id="small-finished")])
def test_finished(scene, point, data):
    first, second = stopped(scene, point, lambda: scene.put(data))
    for stream, replayed in ((first, False), (second, True)):
        assert stream.end().failure is None, stream.failure
        assert stream.responses[-1].finished.replayed == replayed
    scene.check_finished(data)

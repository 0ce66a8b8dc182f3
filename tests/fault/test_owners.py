"""Two owners of one session, the older one late: its write, its part or its Complete arrives after the takeover. The
second client sends other bytes wherever nothing was acknowledged, so that a mixture would show."""
import pytest

from crash import PART
from points import DATA, OTHER, mixed


# Row 7: the part of a dead server lands during its successor's life.
def test_part_that_lands_late(scene):
    scene.start()
    scene.emulator.wait_held(late_upload_part(scene, after=1))
    scene.server.kill()
    scene.start()
    since = scene.emulator.position()
    second = scene.stream()
    assert second.opened().session.committed_size == PART
    data = mixed(PART)
    second.send_data(data)
    second.committed(3 * PART)
    scene.emulator.clear_faults()
    scene.emulator.wait_for("UploadPart", count=3, since=since)  # two of the successor, and the late one
    second.finish(data)
    assert second.finished()
    second.end()
    assert 2 in scene.stored_numbers(since), "the late one has landed"
    scene.unique_numbers()
    scene.check_finished(data)


def late_upload_part(scene, after):
    """Begins to put DATA; the part after the first `after` ones is held at the emulator before its effect."""
    fault = scene.emulator.add_fault("UploadPart", "late", skip=after)
    first = scene.put(DATA)
    if after > 0:
        first.committed(after * PART)
    return fault


# Row 11: parts 3 and 4 are stored, 2 is not: only the prefix counts.
@pytest.mark.parametrize("end", ["kill", "error"])
def test_only_the_prefix_is_committed(scene, end):
    scene.spec["max_parallel_parts"] = 4
    if end == "kill":
        scene.start()
        scene.emulator.add_fault("UploadPart", "hold", part_number=2)
    else:
        scene.start("commit.after=hold")
        scene.emulator.add_fault("UploadPart", "error", part_number=2, status=403, code="AccessDenied")
    first = scene.put(DATA)
    if end == "kill":
        scene.emulator.wait_for("UploadPart", count=4)
        first.committed(PART)
        scene.server.kill()
        scene.emulator.clear_faults()
        scene.start()
    else:
        # The refusal comes without the body being read, and may end the stream before part 1 is committed.
        scene.await_point("commit.after")
        scene.let_go()
    first.end()
    second = scene.stream()
    assert second.opened().session.committed_size == PART
    data = mixed(PART)
    scene.put_to_the_end(data, second)
    scene.check_finished(data)


# Row 12: killed from without, right after the client was told.
def test_death_after_an_acknowledgement(scene):
    scene.start()
    first = scene.stream()
    first.send_data(DATA[:2 * PART])
    first.committed(2 * PART)
    scene.server.kill()
    first.end()
    scene.start()
    second = scene.stream()
    assert second.opened().session.committed_size == 2 * PART
    scene.put_to_the_end(mixed(2 * PART), second)
    scene.check_finished(mixed(2 * PART))


# Row 18, after a death: the dead server's Complete lands between its successor's HEAD and its Complete.
def test_complete_of_a_dead_owner_lands_between_head_and_complete(scene):
    fault = scene.emulator.add_fault("CompleteMultipartUpload", "late")
    scene.start()
    first = scene.put(DATA)
    scene.emulator.wait_held(fault)
    scene.server.kill()
    first.end()
    scene.start("complete.before=hold")
    second = scene.stream()
    scene.await_point("complete.before")
    scene.emulator.clear_faults()
    scene.emulator.wait_for("CompleteMultipartUpload")
    scene.let_go()
    second.end()
    assert second.failure is None, second.failure
    assert [e["code"] for e in scene.journal("CompleteMultipartUpload")] == ["", "NoSuchUpload"]
    scene.check_finished(DATA)


# The same of a single put: both send the same bytes under the same mark.
def test_put_of_a_dead_owner_lands_late(scene):
    small = DATA[:100_000]
    fault = scene.emulator.add_fault("PutObject", "late")
    scene.start()
    first = scene.put(small)
    scene.emulator.wait_held(fault)
    scene.server.kill()
    first.end()
    scene.start()
    # The session can publish only what was sealed.
    wrong = scene.put(OTHER[:100_000]).end()
    assert wrong.failure.reason == "SEALED_CONTENT_DIFFERS", wrong.failure
    scene.put_to_the_end(small)
    scene.emulator.clear_faults()
    scene.emulator.wait_for("PutObject", count=2)
    scene.check_finished(small, published=2)

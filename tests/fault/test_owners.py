"""Two owners of one session, the older one late: its write, its part or its Complete arrives after the takeover. The
second client sends other bytes wherever nothing was acknowledged, so that a mixture would show."""
import random

import pytest

import crash
from crash import PART
from points import DATA

OTHER = random.Random(22).randbytes(len(DATA))


def mixed(acknowledged, other=OTHER):
    """What the second client puts: it knows only that so much of DATA is acknowledged."""
    return DATA[:acknowledged] + other[acknowledged:]


def unique_numbers(scene):
    """The part numbers that were stored, by both owners together: none of them twice."""
    stored = scene.stored_numbers()
    assert len(stored) == len(set(stored)), stored
    return stored


# Row 4: both owners begin an upload; the loser discards its own. Held: the answer of the backend, or the loser's write.
@pytest.mark.parametrize("point", ["initiate.after", "set_upload.before"])
def test_both_initiate(scene, point):
    scene.start(f"{point}=hold")
    first = scene.put(DATA)
    scene.await_point(point)
    assert len(scene.emulator.uploads()) == 1
    second = scene.stream()
    assert scene.put_to_the_end(OTHER, second)
    scene.let_go()
    first.end()
    assert first.failure.reason == "STALE_WRITER", first.failure
    assert len(scene.journal("InitiateMultipartUpload")) == 2
    scene.check_finished(OTHER)


# Row 25: the owner's commit was on its way when another took over.
def test_late_commit_is_fenced(scene):
    scene.start("commit.before=hold@2")
    first = scene.put(DATA)
    scene.await_point("commit.before")
    second = scene.stream()
    assert second.opened().session.committed_size == PART
    scene.let_go()
    scene.put_to_the_end(mixed(PART), second)
    first.end()
    assert first.failure.reason == "STALE_WRITER" and first.failure.retry_delay is None, first.failure
    # The held one was part 2 of the first owner: stored, and in no list.
    assert scene.session().part_count == 4
    assert len(unique_numbers(scene)) == 5
    scene.check_finished(mixed(PART))


# Row 25, the other way round: the commit was done, and only its owner does not know.
def test_late_answer_of_a_commit_acknowledges_nothing(scene):
    scene.start("commit.after=hold@2")
    first = scene.put(DATA)
    scene.await_point("commit.after")
    second = scene.stream()
    assert second.opened().session.committed_size == 2 * PART
    scene.put_to_the_end(mixed(2 * PART), second)
    scene.let_go()
    first.end()
    assert first.failure.reason == "STALE_WRITER", first.failure
    assert max(map(crash.committed_in, first.responses)) == PART
    scene.check_finished(mixed(2 * PART))


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
    unique_numbers(scene)
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
    scene.start()
    if end == "kill":
        scene.emulator.add_fault("UploadPart", "hold", part_number=2)
    else:
        scene.emulator.add_fault("UploadPart", "error", part_number=2, status=403, code="AccessDenied")
    first = scene.put(DATA)
    scene.emulator.wait_for("UploadPart", count=4)
    if end == "kill":
        first.committed(PART)
        scene.server.kill()
        scene.emulator.clear_faults()
        scene.start()
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


# Row 18, in one process: the older owner's Complete comes after the newer one's.
def test_complete_of_an_older_owner_comes_last(scene):
    scene.start("complete.before=hold")
    first = scene.put(DATA)
    scene.await_point("complete.before")
    second = scene.stream().end()  # brings nothing
    assert second.failure is None, second.failure
    scene.let_go()
    first.end()
    scene.emulator.wait_for("CompleteMultipartUpload", count=2)
    assert [e["code"] for e in scene.journal("CompleteMultipartUpload")] == ["", "NoSuchUpload"]
    scene.check_finished(DATA)


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

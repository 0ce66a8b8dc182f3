"""One call of an owner is held at a crash point, and while it is held somebody else opens the session: all other threads
go on, so that the newer owner is there before what is held goes on. Then it does, and comes late.

With one SQLite file both are in one process. A newer stream of a session that still takes content is handed to its
owner, which goes on with its memory (rule 12); where that is over, because its stream was lost and nothing lingers, or
because it is being finished, another owner claims the session, as another process would."""
import dataclasses

import pytest

from crash import PART
from points import DATA, MULTIPART, OTHER, OTHER_SMALL, SINGLE_PUT, SMALL, cases, mixed

POINTS = {p.name: p for p in MULTIPART}
SMALL_POINTS = {p.name: p for p in SINGLE_PUT}


def hold(scene, point, *more):
    """Starts a server that holds what is at the point, and does `more`."""
    scene.start(",".join([point.armed("hold"), *more]))


def held_at(scene, point):
    """A first stream, with no more than what brings it to the point: once it is let go it has nothing to go on with."""
    first = scene.stream()
    first.send_data(DATA[:point.at * PART])
    scene.await_point(point.name)
    return first


def opens(scene, epoch, committed, resume=None):
    """A second stream, which is told this."""
    second = scene.stream()
    check_opened(second, epoch, committed, resume)
    return second


def check_opened(stream, epoch, committed, resume=None):
    opened = stream.opened()
    assert (opened.session.epoch, opened.session.committed_size) == (epoch, committed)
    assert opened.resume_offset == (committed if resume is None else resume)


def is_stale(stream):
    assert stream.end().failure.reason == "STALE_WRITER", stream.failure


def went_on(scene, point):
    """Lets go of what is held at the point before a write, until that has been at the store: it is held behind it."""
    scene.let_go()
    scene.await_point(point)
    scene.let_go()


# Rows 2, 3, 8 and 9: while the owner writes to the store, a newer stream waits for the outcome.
@pytest.mark.parametrize("point", cases([POINTS[name] for name in (
    "create.before", "create.after", "set_upload.before", "set_upload.after", "commit.before", "commit.after")]))
def test_newer_stream_waits_for_the_write_under_way(scene, point):
    # The part that comes next is held, too: nothing more is committed, however late the newer stream is heard.
    hold(scene, point, f"upload_part.before=hold@{point.at + (point.name.startswith('commit'))}")
    first = held_at(scene, point)
    second = scene.stream()
    scene.ask_something(second.client)
    assert not second.responses, "the outcome of the write is open"
    scene.let_go()
    committed = point.at * PART if point.name.startswith("commit") else 0
    check_opened(second, 2, committed, point.at * PART)
    is_stale(first)
    goes_on_with_what_is_held(scene, second, point.at * PART)


# Rows 2, 3, 6 and 8: while it asks the backend, the newer stream has the session at once.
@pytest.mark.parametrize("point", cases([POINTS[name] for name in (
    "initiate.before", "initiate.after", "upload_part.before", "upload_part.after")]))
def test_newer_stream_has_the_session_while_the_backend_is_asked(scene, point):
    hold(scene, point)
    first = held_at(scene, point)
    second = opens(scene, 2, point.committed_size, point.at * PART)
    is_stale(first)
    goes_on_with_what_is_held(scene, second, point.at * PART)


def goes_on_with_what_is_held(scene, second, resume):
    """The session was handed over with its memory: what is held is the newer stream's now, and is done once."""
    data = mixed(resume)
    second.send_data(data)
    second.finish(data)
    scene.let_go()
    assert second.finished()
    assert second.end().failure is None
    assert len(scene.journal("InitiateMultipartUpload")) == 1
    assert len(scene.unique_numbers()) == 4
    scene.check_finished(data)


@dataclasses.dataclass(frozen=True)
class Late:
    """Another owner claims the session while its predecessor is held: the epoch that it is told, how many parts of its
    own it has committed before what was held goes on, and what shows that this has come: a fault point behind the late
    write, or an operation of the backend."""
    name: str
    epoch: int
    own: int
    shows: str = ""

    @property
    def point(self):
        return POINTS[self.name]


LATE = [
    # The predecessor's record is not there yet, and comes too late: a session of its own, and the token is taken.
    Late("create.before", 1, 1, "create.after=hold@2"),
    Late("create.after", 2, 1),
    # Row 4: both begin an upload, and the one that may not record its own discards it.
    Late("initiate.before", 2, 0, "AbortMultipartUpload"),
    Late("initiate.after", 2, 1, "AbortMultipartUpload"),
    Late("set_upload.before", 2, 0, "AbortMultipartUpload"),
    Late("set_upload.before", 2, 1, "AbortMultipartUpload"),
    Late("set_upload.after", 2, 1),
    # Row 7: it lands on a number of its own.
    Late("upload_part.before", 2, 1, "UploadPart"),
    Late("upload_part.after", 2, 1),
    # Row 25: it is fenced, though the ledger ends where it did, and where the successor's own commit was the second.
    Late("commit.before", 2, 0, "commit.after=hold@2"),
    Late("commit.before", 2, 1, "commit.after=hold@3"),
    Late("commit.after", 2, 1),
]


@pytest.mark.parametrize("late", [pytest.param(c, id=f"{c.point.row}-{c.name}-{c.own}") for c in LATE])
def test_another_owner_claims_the_session(scene, late):
    scene.configure(linger="0")
    hold(scene, late.point, *([late.shows] if "=" in late.shows else []))
    first = held_at(scene, late.point)
    first.give_up()
    scene.await_log("stream ended")
    committed = late.point.committed_size
    second = opens(scene, late.epoch, committed)
    data = mixed(committed)
    size = committed + late.own * PART
    if late.own > 0:
        second.send(*second.client.chunks(data[:size], committed))
        second.committed(size)
    comes_late(scene, late)
    session = scene.session()
    assert (session.session_id, session.epoch, session.committed_size) == (
        second.opened().session.session_id, late.epoch, size)
    second.send(*second.client.chunks(data, size), second.client.finish(len(data)))
    assert second.finished()
    assert second.end().failure is None
    scene.unique_numbers()
    scene.check_finished(data)


def comes_late(scene, late):
    if "=" in late.shows:
        went_on(scene, late.shows.split("=")[0])
        return
    since = scene.emulator.position()
    scene.let_go()
    if late.shows:  # otherwise it is an answer, which nobody takes any more
        entry = scene.emulator.wait_for(late.shows, since=since)["entries"][-1]
        assert entry["status"] in (200, 204), entry


# Row 13: another owner has the session before its seal is at the store. It is fenced: the session is open, and longer.
def test_seal_comes_late(scene):
    hold(scene, POINTS["seal.before"], "seal.after=hold")
    first = scene.put(DATA)
    scene.await_point("seal.before")
    second = opens(scene, 2, len(DATA))
    is_stale(first)
    went_on(scene, "seal.after")
    assert scene.session().state == second.client.pb.Session.STATE_OPEN
    data = DATA + OTHER[:PART]
    second.send(*second.client.chunks(data, len(DATA)), second.client.finish(len(data)))
    assert second.finished()
    second.end()
    scene.unique_numbers()
    scene.check_finished(data)


# Rows 14 and 16: it is sealed. Whoever comes brings it to its end alone, while its predecessor is held.
@pytest.mark.parametrize("point", cases([POINTS[name] for name in (
    "seal.after", "complete.before", "complete.after", "finish.before")]))
def test_another_owner_finishes_what_is_sealed(scene, point):
    hold(scene, point, *(["finish.after=hold@2"] if point.name == "finish.before" else []))
    first = scene.put(DATA)
    scene.await_point(point.name)
    second = opens(scene, 2, len(DATA))
    assert second.end().failure is None, second.failure  # brings nothing
    is_stale(first)
    if point.name == "finish.before":
        went_on(scene, "finish.after")
    else:
        scene.let_go()
    codes = [""]
    if point.name == "complete.before":  # row 18
        scene.emulator.wait_for("CompleteMultipartUpload", count=2)
        codes = ["", "NoSuchUpload"]
    assert [e["code"] for e in scene.journal("CompleteMultipartUpload")] == codes
    scene.check_finished(DATA)


# Row 17: nobody takes over what is finished. The newer stream is told the result before its owner is.
def test_result_is_told_before_its_owner_knows(scene):
    hold(scene, POINTS["finish.after"])
    first = scene.put(DATA)
    scene.await_point("finish.after")
    second = opens(scene, 1, len(DATA)).end()
    assert second.failure is None and second.responses[-1].finished.replayed, second.failure
    assert not any(r.HasField("finished") for r in first.responses)
    scene.let_go()
    assert first.end().failure is None and not first.responses[-1].finished.replayed, first.failure
    scene.check_finished(DATA)


# Row 1: the older of two claims comes to the store after the newer one. It is the newest then, and nobody can know
# better: `expect_epoch` could, but a client that has just started has none.
def test_claim_that_comes_late_takes_the_session_over(scene):
    hold(scene, POINTS["claim.before"])
    first = scene.put(DATA)
    scene.await_point("claim.before")
    second = opens(scene, 1, 0)
    second.send(*second.client.chunks(OTHER[:PART]))
    second.committed(PART)
    scene.let_go()
    check_opened(first, 2, PART)
    is_stale(second)
    assert first.end().failure is None, first.failure
    scene.unique_numbers()
    scene.check_finished(OTHER[:PART] + DATA[PART:])


def two_fresh(scene):
    """Two streams that were both told that nobody knows the token; the first has not heard it yet."""
    hold(scene, POINTS["claim.after"])
    first = scene.put(DATA)
    scene.await_point("claim.after")
    return first, opens(scene, 1, 0)


# Row 1: of two that are fresh the one that is recorded first goes on.
def test_two_are_fresh(scene):
    first, second = two_fresh(scene)
    scene.let_go()
    check_opened(first, 1, 0)
    is_stale(second)
    assert first.end().failure is None, first.failure
    scene.check_finished(DATA)


# Row 1, and the second has a record before the first hears its answer: the first cannot have the token, and the second
# goes on as if nobody had come.
def test_one_of_two_is_recorded(scene):
    first, second = two_fresh(scene)
    second.send(*second.client.chunks(OTHER[:PART]))
    second.committed(PART)
    scene.let_go()
    assert first.end().failure.reason == "TOKEN_TAKEN" and first.failure.retry_delay is not None, first.failure
    second.send(*second.client.chunks(OTHER, PART), second.client.finish(len(OTHER)))
    assert second.finished()
    assert second.end().failure is None, second.failure
    scene.unique_numbers()
    scene.check_finished(OTHER)


@dataclasses.dataclass(frozen=True)
class LateSmall:
    """Another owner of a small object: what it is told, what it may put, and how many puts reach the backend."""
    name: str
    epoch: int
    content: bytes
    published: int = 1
    shows: str = ""

    @property
    def point(self):
        return SMALL_POINTS[self.name]


LATE_SMALL = [
    LateSmall("prepare_put.before", 1, OTHER_SMALL),
    LateSmall("prepare_put.after", 1, OTHER_SMALL),
    LateSmall("create.before", 1, OTHER_SMALL, shows="create.after=hold@2"),
    # From here on it is sealed.
    LateSmall("create.after", 2, SMALL),
    LateSmall("send_put.before", 2, SMALL, published=2),
    LateSmall("send_put.after", 2, SMALL),
    LateSmall("finish.before", 2, SMALL, shows="finish.after=hold@2"),
]


@pytest.mark.parametrize("late", [pytest.param(c, id=f"small-{c.name}") for c in LATE_SMALL])
def test_another_owner_puts_the_small_object(scene, late):
    hold(scene, late.point, *([late.shows] if late.shows else []))
    first = scene.put(SMALL)
    scene.await_point(late.point.name)
    second = scene.put(late.content)
    assert second.opened().session.epoch == late.epoch
    assert second.end().failure is None, second.failure
    is_stale(first)
    if late.shows:
        went_on(scene, late.shows.split("=")[0])
    else:
        scene.let_go()
    scene.emulator.wait_for("PutObject", count=late.published)
    scene.check_finished(late.content, published=late.published)


def test_result_of_a_small_object_is_told_before_its_owner_knows(scene):
    hold(scene, SMALL_POINTS["finish.after"])
    first = scene.put(SMALL)
    scene.await_point("finish.after")
    second = scene.stream().end()
    assert second.failure is None and second.responses[-1].finished.replayed, second.failure
    scene.let_go()
    assert first.end().failure is None, first.failure
    scene.check_finished(SMALL)

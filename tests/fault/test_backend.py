"""The backend loses replies, uploads and bytes, or somebody else does something to them: what is not certain is asked
for, and success is told of nothing but our own object."""
import contextlib

import grpc
import pytest

import harness
from crash import KEY, PART
from points import DATA, SMALL

FOREIGN = b"somebody else's object"


def put_foreign(scene):
    status, _, body = scene.emulator.request("PUT", KEY, body=FOREIGN)
    assert status == 200, body


# Row 3: the backend begins another upload by itself, and the first is nobody's.
def test_reply_of_initiate_is_lost(scene):
    scene.emulator.add_fault("InitiateMultipartUpload", "drop_reply_after_effect")
    scene.start()
    scene.put_to_the_end(DATA)
    scene.check_finished(DATA, orphans=1)


# A part's request is repeated with the same bytes under the same number.
def test_reply_of_a_part_is_lost(scene):
    scene.emulator.add_fault("UploadPart", "drop_reply_after_effect", part_number=2)
    scene.start()
    scene.put_to_the_end(DATA)
    assert scene.stored_numbers() == [1, 2, 2, 3, 4]
    scene.check_finished(DATA)


# Row 15: published, but the reply was lost; or not published, and the reply as good as lost.
@pytest.mark.parametrize("kind,more", [
    ("drop_reply_after_effect", {}), ("truncated_xml", {}), ("reset_before_effect", {}), ("error", {"status": 500}),
    ("error", {"status": 502, "xml": False})], ids=lambda value: value if isinstance(value, str) else "")
def test_reply_of_complete_is_lost(scene, kind, more):
    scene.emulator.add_fault("CompleteMultipartUpload", kind, **more)
    scene.start()
    scene.put_to_the_end(DATA)
    assert scene.journal("HeadObject"), "the outcome was asked for"
    scene.check_finished(DATA)


# Row 15, and the server dies while it waits.
def test_death_while_complete_is_awaited(scene):
    scene.emulator.add_fault("CompleteMultipartUpload", "hold")
    scene.start()
    first = scene.put(DATA)
    scene.emulator.wait_for("CompleteMultipartUpload")
    scene.server.kill()
    first.end()
    scene.start()
    second = scene.stream().end()
    assert second.failure is None and second.responses[-1].finished.object.size == len(DATA), second.failure
    assert len(scene.journal("CompleteMultipartUpload")) == 1
    scene.check_finished(DATA)


@pytest.mark.parametrize("kind", ["drop_reply_after_effect", "reset_before_effect"])
def test_reply_of_put_object_is_lost(scene, kind):
    scene.emulator.add_fault("PutObject", kind)
    scene.start()
    scene.put_to_the_end(SMALL)
    scene.check_finished(SMALL)


# Row 19: the upload is gone, and what is there is not ours. Published and overwritten, or discarded by somebody else:
# nobody can tell, so nobody is told of a success.
@pytest.mark.parametrize("foreign", [True, False])
def test_upload_is_gone_at_complete_and_the_object_is_not_ours(scene, foreign):
    if foreign:
        put_foreign(scene)
    scene.emulator.add_fault("CompleteMultipartUpload", "lose_upload")
    scene.start()
    first = scene.put(DATA).end()
    assert first.failure.reason == "OUTCOME_UNKNOWN", first.failure
    scene.check_failed("OUTCOME_UNKNOWN")
    if foreign:
        assert scene.emulator.read(KEY) == FOREIGN


def test_published_then_overwritten_before_anybody_was_told(scene):
    scene.emulator.add_fault("CompleteMultipartUpload", "hold")
    scene.start()
    first = scene.put(DATA)
    scene.emulator.wait_for("CompleteMultipartUpload")
    put_foreign(scene)
    scene.server.kill()
    first.end()
    scene.emulator.clear_faults()
    scene.start()
    second = scene.stream().end()
    assert second.failure.reason == "OUTCOME_UNKNOWN", second.failure
    scene.check_failed("OUTCOME_UNKNOWN")
    assert scene.emulator.read(KEY) == FOREIGN


# Row 20: somebody overwrote a part of ours. The list names number and ETag, so the backend notices.
def test_part_is_overwritten(scene):
    scene.start()
    first = scene.stream()
    first.send_data(DATA)
    first.committed(3 * PART)
    upload = scene.emulator.uploads()[0]
    status, _, body = scene.emulator.request("PUT", KEY, f"partNumber=2&uploadId={upload['id']}", body=b"x" * PART)
    assert status == 200, body
    first.finish(DATA)
    first.end()
    assert first.failure.reason == "INVALID_PART", first.failure
    assert "part number 2" in first.failure.message and first.failure.metadata["part_number"] == "2", first.failure
    assert not scene.promises.results()
    again = scene.stream().end()
    assert again.failure.reason == "INVALID_PART" and again.failure.retry_delay is None, again.failure
    assert "part number 2" in again.failure.message, again.failure
    status, _, _ = scene.emulator.request("HEAD", KEY)
    assert status == 404
    scene.await_uploads(0)


# Row 21: what was published is not what was sealed, as the reply and the object itself say.
@pytest.mark.parametrize("data,operation", [(DATA, "CompleteMultipartUpload"), (SMALL, "PutObject")],
                         ids=["CompleteMultipartUpload", "PutObject"])
def test_published_checksum_differs(scene, data, operation):
    scene.emulator.add_fault(operation, "wrong_crc")
    scene.emulator.add_fault("HeadObject", "wrong_crc", count=1000)
    scene.start()
    first = scene.put(data).end()
    assert first.failure.code == grpc.StatusCode.DATA_LOSS and first.failure.retry_delay is None, first.failure
    scene.check_failed(first.failure.reason)


# Row 21 the other way round: only the reply was wrong. The object says what it is, and that is what counts.
@pytest.mark.parametrize("data,operation", [(DATA, "CompleteMultipartUpload"), (SMALL, "PutObject")],
                         ids=["CompleteMultipartUpload", "PutObject"])
def test_only_the_reply_has_another_checksum(scene, data, operation):
    scene.emulator.add_fault(operation, "wrong_crc")
    scene.start()
    scene.put_to_the_end(data)
    scene.check_finished(data)


# Row 22: the abort is recorded, but the backend does not know of it yet. Whoever aborts again discards the upload.
@pytest.mark.parametrize("point,action", [("abort.before", "kill"), ("abort.after", "kill"), ("abort_upload.before", "kill"),
                                          ("abort_upload.after", "kill"), ("upload_aborted.before", "kill"),
                                          ("upload_aborted.after", "kill"), ("abort_upload.before", "fail"),
                                          ("abort_upload.after", "fail"), ("upload_aborted.after", "fail")])
def test_abort_is_interrupted(scene, point, action):
    scene.start(f"{point}={action}")
    first = scene.stream()
    first.send_data(DATA)
    first.committed(3 * PART)
    client = scene.client()
    request = client.pb.AbortSessionRequest(session_token=scene.promises.token)
    with contextlib.suppress(Exception):
        client.call("AbortSession", request)
    if action == "kill":
        scene.await_death()
        scene.start()
    else:
        scene.await_point(point, "fail")
    first.end()
    assert scene.client().call("AbortSession", request).session.state == client.pb.Session.STATE_ABORTED
    scene.emulator.wait_for("AbortMultipartUpload")
    assert not scene.emulator.uploads()
    again = scene.stream().end()
    assert again.failure.reason == "SESSION_ABORTED", again.failure


def test_reply_of_abort_is_lost(scene):
    scene.emulator.add_fault("AbortMultipartUpload", "drop_reply_after_effect")
    scene.start()
    first = scene.stream()
    first.send_data(DATA)
    first.committed(PART)
    client = scene.client()
    client.call("AbortSession", client.pb.AbortSessionRequest(session_token=scene.promises.token))
    scene.emulator.wait_for("AbortMultipartUpload", count=2)  # NoSuchUpload is as good as done
    first.end()
    assert not scene.emulator.uploads()


# Row 23: a part in flight survives Abort, and stays until a second one or the bucket's rule: storage, nothing else.
def test_part_lands_after_abort(scene):
    fault = scene.emulator.add_fault("UploadPart", "late", skip=1)
    scene.start()
    first = scene.put(DATA)
    first.committed(PART)
    scene.emulator.wait_held(fault)
    client = scene.client()
    client.call("AbortSession", client.pb.AbortSessionRequest(session_token=scene.promises.token))
    scene.emulator.wait_for("AbortMultipartUpload")
    first.end()
    assert first.failure.reason == "SESSION_ABORTED", first.failure
    scene.emulator.clear_faults()
    scene.emulator.wait_for("UploadPart", count=2)
    left = scene.emulator.uploads()
    assert [(u["parts"], u["bytes"]) for u in left] == [(1, PART)]
    again = scene.stream().end()
    assert again.failure.reason == "SESSION_ABORTED", again.failure
    assert scene.emulator.request("HEAD", KEY)[0] == 404


# Row 26: the backend cannot be reached. Nothing is acknowledged that it does not have.
def test_backend_goes_away_and_comes_back(scene, workspace):
    scene.start()
    first = scene.stream()
    first.send_data(DATA[:PART])
    first.committed(PART)
    scene.emulator.kill()
    first.send(*first.client.chunks(DATA, PART), first.client.finish(len(DATA)))
    first.end()
    assert first.failure.reason == "BACKEND_UNAVAILABLE" and first.failure.retry_delay is not None, first.failure
    with harness.Emulator(workspace, listen=scene.emulator.netloc) as emulator:
        scene.emulator = emulator
        assert scene.session().committed_size == PART
        scene.put_to_the_end(DATA)
        assert emulator.read(KEY) == DATA
        assert not emulator.uploads()


# Row 27: the bucket's rule discarded the upload under us. The session fails, and never starts over by itself.
@pytest.mark.parametrize("moment", ["uploading", "resuming"])
def test_upload_is_discarded_by_a_rule(scene, moment):
    scene.start()
    first = scene.stream()
    first.send_data(DATA[:2 * PART])
    first.committed(2 * PART)
    if moment == "resuming":
        first.give_up()
    assert scene.emulator.control("POST", "drop_uploads")["dropped"] == 1
    if moment == "resuming":
        first = scene.stream()
        assert first.opened().session.committed_size == 2 * PART
    first.send(*first.client.chunks(DATA, 2 * PART), first.client.finish(len(DATA)))
    first.end()
    assert first.failure.reason == "UPLOAD_LOST" and first.failure.retry_delay is None, first.failure
    scene.check_failed("UPLOAD_LOST")

"""What the tests of crash points share: a server that is armed to die, a client that remembers what it was promised,
and the proof, from the emulator's own view, that every promise was kept."""
import os
import signal

import grpc

import harness
import rpc
from harness import BUCKET, MIB

TOKEN = "crash-token-0123456789"
KEY = "crashed"
PART = MIB
CREATED = "created an object"  # effect of a successful Complete in the journal


class Stream(rpc.LiveStream):
    """One stream of a client; `opened` is awaited, everything else is collected."""

    def __init__(self, promises, client, spec, **more):
        # Before anything is sent: of what comes later nobody can say whether it was before this.
        self.promised, self.epoch = promises.committed(), promises.epoch()
        super().__init__(client)
        self.promises, self.client = promises, client
        promises.streams.append(self)
        self.send(client.open(promises.token, "oss", BUCKET, promises.key, spec=spec, **more))

    def opened(self):
        return self.wait(lambda r: r.HasField("opened")).opened

    def opened_or_ended(self):
        """`opened`, or None when the stream ended without it."""
        return self.first(lambda r: r.HasField("opened"))

    def finished(self):
        return self.wait(lambda r: r.HasField("finished")).finished

    def committed(self, size):
        """Waits until this much is acknowledged."""
        self.wait(lambda r: r.HasField("progress") and r.progress.committed_size >= size)

    def send_data(self, data):
        """All that is missing of `data`, after `opened`. Returns the offset at which it went on."""
        offset = self.opened().resume_offset
        self.send(*self.client.chunks(data, offset))
        return offset

    def finish(self, data):
        self.send(self.client.finish(len(data)))

    def end(self):
        """Waits for the end of the stream, and checks that it took nothing back."""
        self.join()
        if self.responses:
            session = self.responses[0].opened.session
            assert session.epoch >= self.epoch, "the epoch went back"
            assert session.committed_size >= self.promised, "an acknowledged size went back"
            told = [committed_in(r) for r in self.responses if not r.HasField("finished")]
            assert told == sorted(told), told
        return self

    def give_up(self):
        self.call.cancel()
        return self.end()


class Promises:
    """What the clients of one session were told, over all of their streams and servers."""

    def __init__(self, token, key):
        self.token, self.key = token, key
        self.streams = []

    def committed(self):
        """The largest size that anybody was told so far."""
        return max((committed_in(r) for s in self.streams for r in list(s.responses)), default=0)

    def epoch(self):
        return max((r.opened.session.epoch for s in self.streams for r in list(s.responses)), default=0)

    def results(self):
        return [r.finished.object for s in self.streams for r in s.responses if r.HasField("finished")]


def committed_in(response):
    if response.HasField("opened"):
        return response.opened.session.committed_size
    return response.progress.committed_size if response.HasField("progress") else 0


class Scene:
    """A server over an emulator, and the clients of one session of it."""

    def __init__(self, workspace, emulator, stubs):
        self.workspace, self.emulator, self.stubs = workspace, emulator, stubs
        self.configure()
        self.new_life()
        # One part after the other, so that it is known which commit is the second.
        self.spec = {"part_size": PART, "max_parallel_parts": 1}
        self._clients = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for client in self._clients:
            client.channel.close()
        if self.server.process is not None and self.server.process.running():
            self.server.kill()

    # The server.

    def configure(self, **sessions):
        """The settings of the lives that follow."""
        # No progress for the time that has passed: the second that is told is that of the second commit.
        rare = {"progress_interval": "1h"}
        self.server = harness.Server(self.workspace, {"oss": self.emulator.remote()}, rare, sessions=sessions)

    def start(self, fault_points=None):
        self.server.start(fault_points)

    def await_death(self):
        assert self.server.process.wait() == -signal.SIGKILL, self.server.log()

    def await_stop(self):
        os.waitid(os.P_PID, self.server.process.popen.pid, os.WSTOPPED)

    def go_on(self):
        self.server.process.signal(signal.SIGCONT)

    def await_point(self, point, action="hold"):
        self.server.process.wait_error(lambda line: line.startswith(f"fault point {point} ") and line.endswith(action))

    def await_log(self, message):
        self.server.process.wait_error(f'"{message}"')

    def let_go(self):
        """Of what a fault point holds."""
        self.server.process.signal(signal.SIGUSR1)

    # Its clients.

    def client(self):
        client = rpc.Client(self.stubs, self.server.address)
        self._clients.append(client)
        return client

    def stream(self, **more):
        """`more`: of `open`."""
        return Stream(self.promises, self.client(), self.spec, **more)

    def new_life(self):
        """What was told of the session so far binds nobody any more."""
        self.promises = Promises(TOKEN, KEY)

    def put(self, data):
        """One stream that puts all of `data`: has begun when it returns, `end` waits for it."""
        stream = self.stream()
        # Not after `opened`: the server may be about to die before it.
        stream.send(*stream.client.chunks(data), stream.client.finish(len(data)))
        return stream

    def put_to_the_end(self, data, stream=None, attempts=10):
        """As a client does that lost its server: opens again wherever that can help, until `finished`. `stream`: one
        that is being opened. None when another stream took over, which is to be left in peace."""
        for _ in range(attempts):
            stream = stream or self.stream()
            if stream.opened_or_ended() is not None:
                stream.send_data(data)
                stream.finish(data)
            stream.end()
            if stream.failure is None:
                return stream.responses[-1].finished
            failure, stream = stream.failure, None
            if failure.reason == "STALE_WRITER":
                return None
            lost = failure.code == grpc.StatusCode.UNAVAILABLE and failure.reason == ""  # the connection itself
            assert lost or failure.retry_delay is not None, failure
        raise AssertionError(f"not finished after {attempts} attempts: {failure}")

    def ask_something(self, client):
        """A call behind what the client has sent before, on the same connection: by then that has been read."""
        client.call("ListRemotes", client.pb.ListRemotesRequest())

    def session(self):
        return self.client().session(self.promises.token)

    # What must be true of it all.

    def unique_numbers(self):
        """The part numbers that were stored, by all owners together: none of them twice."""
        stored = self.stored_numbers()
        assert len(stored) == len(set(stored)), stored
        return stored

    def journal(self, operation=None):
        return [e for e in self.emulator.journal() if operation in (None, e["operation"])]

    def stored_numbers(self, since=0):
        """Part numbers that were stored, in order."""
        return [e["part_number"] for e in self.emulator.journal(since)
                if e["operation"] == "UploadPart" and e["status"] == 200]

    def check_journal(self):
        """I3 and I4: a number stood for one byte string, an upload was completed with one list."""
        bound, lists = {}, {}
        for entry in self.journal():
            if entry["operation"] == "UploadPart" and entry["status"] == 200:
                number = (entry["upload_id"], entry["part_number"])
                assert bound.setdefault(number, entry["crc64"]) == entry["crc64"], f"{number} stood for two contents"
            if entry["operation"] == "CompleteMultipartUpload" and entry["bytes"] > 0:
                assert lists.setdefault(entry["upload_id"], entry["crc64"]) == entry["crc64"], "the sealed list changed"

    def check_finished(self, data, orphans=0, published=1):
        """The object is what was sent, was published once, and `finished` says so again and again. `orphans`: uploads
        that are left at the backend, where the table allows any."""
        self.check_journal()
        assert self.emulator.read(KEY) == data
        status, headers, _ = self.emulator.request("HEAD", KEY)
        assert status == 200
        results = self.promises.results()
        assert results and all(r == results[0] for r in results), results
        assert (results[0].size, results[0].crc64_ecma) == (len(data), int(headers["x-oss-hash-crc64ecma"]))
        effects = [e["effect"] for e in self.journal() if e["operation"] in ("CompleteMultipartUpload", "PutObject")]
        times = sum(e.startswith((CREATED, "stored an object")) for e in effects)
        assert times in (published if isinstance(published, tuple) else (published,)), effects
        self.await_uploads(orphans)
        # A replay asks nobody: it comes while nobody is answered. Not by the journal, in which anything may come late
        # that an older owner sent, or the discarding of what was completed.
        self.emulator.add_fault("*", "hold", count=1000)
        again = self.stream().end()
        self.emulator.clear_faults()
        assert again.failure is None and again.responses[-1].finished.replayed  # I6
        assert again.responses[-1].finished.object == results[0]

    def check_failed(self, reason):
        """The session has failed for good, says why again and again, and nobody was told of a success."""
        self.check_journal()
        assert not self.promises.results()
        for _ in range(2):
            again = self.stream().end()
            assert again.failure.reason == reason and again.failure.retry_delay is None, again.failure
        session = self.session()
        assert session.failure_reason == reason, session

    def await_uploads(self, count):
        """The uploads that are left. Nobody waits for an upload that is discarded: it may be on its way."""
        begun = [e for e in self.journal("InitiateMultipartUpload") if e["effect"].startswith("began")]
        ended = [e for e in self.journal("CompleteMultipartUpload") if e["effect"].startswith(CREATED)]
        self.emulator.wait_for("AbortMultipartUpload", count=len(begun) - len(ended) - count)
        assert len(self.emulator.uploads()) == count

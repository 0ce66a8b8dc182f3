"""Fifty SIGKILLs of server and client during one upload: inside parts, around commits, before and after the seal, and
around Complete. The object comes out identical, and the committed size never goes back as the client sees it.

The seed is printed; PENSTOCK_SEED=N repeats a run's choices.
"""
import os
import random

import pytest

import harness

MIB = harness.MIB
KILLS = 50
PUBLISH_KILLS = 5  # of them, around the seal and Complete; and more while its outcome is asked for
PARTS = 6 * KILLS  # up to two are committed before a kill of the server, eight before one of the client: Upload.bound
REFUSED = ("CompleteMultipartUpload", "reset_before_effect")


class Upload:
    """One upload whose server and client are killed and started again at will."""

    def __init__(self, workspace, emulator, seed):
        self.workspace, self.emulator = workspace, emulator
        self.choice = random.Random(seed)
        self.source = workspace.file("source", PARTS * MIB + 12345, seed)
        self.server = harness.Server(workspace, {"oss": emulator.remote()}, {"claims_per_minute": 1000})
        self.server.start()
        self.committed = [0]  # every committed size that a client was told, in order
        self.since = self.emulator.position()
        self.bound()
        self.start_client()

    def start_client(self):
        self.client = harness.cli(self.workspace, "put", self.source, f"oss:{harness.BUCKET}/killed", "--part-size",
                                  "1MiB", "--parallel", "3", "--json", server=self.server)

    def note_progress(self):
        self.committed += [e["committed_size"] for e in harness.events(self.client) if "committed_size" in e]

    def bound(self):
        """Lets up to two parts through. Those behind them are stored with their replies held back, or are broken off: the
        upload gets no further before the next kill, however late that comes."""
        self.passing = self.choice.randrange(0, 3)
        self.emulator.add_fault("UploadPart", self.choice.choice(["hold", "hold", "reset_mid_body"]),
                                skip=self.passing, count=1000)

    def kill(self, victims=("server", "server", "client", "both"), then=None):
        """`then` is the fault that holds from here on, () for none; without it the upload is bounded. Armed before the
        server is up again, so that nothing overtakes it."""
        victim = self.choice.choice(victims)
        if victim in ("server", "both"):
            self.server.kill()
        if victim in ("client", "both"):
            self.client.kill()
        # Whoever waits at the emulator is let go only when its peer is dead.
        self.emulator.clear_faults()
        self.since = self.emulator.position()
        if then is None:
            self.bound()
        elif then:
            self.emulator.add_fault(*then, count=1000)
        if victim in ("server", "both"):
            self.server.start()
        if victim in ("client", "both"):
            self.note_progress()
            self.start_client()
        return victim

    def kill_inside_parts(self, **more):
        """With replies of parts held back: stored at the backend, not committed."""
        self.emulator.wait_for("UploadPart", count=self.passing + 1, since=self.since)
        return self.kill(**more)

    def kill_around_a_commit(self, **more):
        """Just after the backend stored a part: before, in or after the commit, as chance has it."""
        self.emulator.wait_for("UploadPart", count=max(self.passing, 1), since=self.since)
        return self.kill(**more)

    def kill_around_publishing(self, operation, then):
        """The list is sealed; Complete has had its effect or not, or is being asked for. The server always dies: left
        alive, it would go on before the next fault is armed."""
        self.emulator.wait_for(operation, since=self.since)
        return self.kill(victims=("server", "both"), then=then)


def count(emulator, operation):
    return sum(1 for e in emulator.journal() if e["operation"] == operation)


def test_fifty_kills(workspace, emulator):
    seed = int(os.environ.get("PENSTOCK_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"PENSTOCK_SEED={seed}")
    upload = Upload(workspace, emulator, seed)
    kills = []
    try:
        for left in reversed(range(KILLS - PUBLISH_KILLS)):
            assert count(emulator, "CompleteMultipartUpload") == 0, f"finished too early, after {kills}"
            moment = upload.choice.choice([upload.kill_inside_parts, upload.kill_around_a_commit])
            kills.append((moment.__name__, moment(then=None if left > 0 else REFUSED)))
        # Complete is refused before its effect some times, then has it and its reply is held back; what follows is
        # HEAD, which establishes the outcome and is held back in turn.
        complete, head = "CompleteMultipartUpload", "HeadObject"
        plan = [(complete, REFUSED)] * (PUBLISH_KILLS - 2)
        plan += [(complete, (complete, "hold")), (complete, (head, "hold")), (head, ())]
        for operation, then in plan:
            kills.append((operation, upload.kill_around_publishing(operation, then)))
        assert upload.client.wait() == 0, upload.client.stderr()
        upload.note_progress()
        done = harness.events(upload.client)[-1]
    finally:
        print(f"client: {upload.client.popen.poll()} {upload.client.lines[-3:]} {upload.client.stderr()[-500:]}")
        upload.client.kill()
        upload.server.kill()
    print(f"{len(kills)} kills: {kills}")
    assert len(kills) >= KILLS
    assert done["event"] == "done" and done["size"] == upload.source.stat().st_size
    assert emulator.read("killed") == upload.source.read_bytes()
    assert upload.committed == sorted(upload.committed), upload.committed
    # One upload, completed once: everything else was refused or found done.
    effects = [e for e in emulator.journal() if e["operation"] == "CompleteMultipartUpload" and e["status"] == 200]
    assert len(effects) == 1


if __name__ == "__main__":
    raise SystemExit(pytest.main([__file__, "-s"]))

"""The run of scripts/demo: what it does is printed as it is done. Ends with 0 only if every comparison held."""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
os.environ.setdefault("PENSTOCK_BIN", str(ROOT / "build" / "release" / "bin"))

import harness  # noqa: E402
from harness import BUCKET, MIB  # noqa: E402

SIZE = int(os.environ.get("PENSTOCK_DEMO_MIB", "768")) * MIB
RATE = f"{SIZE // MIB // 5}MiB"  # a second: whatever the machine, there is time to strike


def say(text):
    print(text, flush=True)


def make_archive(workspace):
    """An archive of this machine's own /usr, cut to size."""
    path = workspace.path / "usr.tar"
    tar = subprocess.Popen(["tar", "-C", "/", "-cf", "-", "usr"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with open(path, "wb") as out:
        left = SIZE
        while left > 0 and (data := tar.stdout.read(min(left, MIB))):
            out.write(data)
            left -= len(data)
    tar.kill()
    tar.wait()
    assert path.stat().st_size >= 512 * MIB or SIZE < 512 * MIB, "/usr is too small for this demo"
    return path


class Upload:
    """The client on its way: prints what it tells, and counts bytes that were sent twice."""

    def __init__(self, workspace, server, path, destination):
        self.arguments = (workspace, "put", path, destination, "--limit-rate", RATE, "--json")
        self.server, self.size, self.destination = server, path.stat().st_size, destination
        self.twice = []

    def start(self):
        say(f"$ penstock put {self.arguments[2].name} {self.destination} --limit-rate {RATE}")
        self.client = harness.cli(*self.arguments, server=self.server)

    def wait_committed(self, share):
        """Waits until this share of the object is durable, as the client was told."""
        def reached(line):
            return harness.events([line])[0].get("committed_size", 0) >= share * self.size
        event = harness.events([self.client.wait_line(reached, timeout=300)])[0]
        say(f"    {100 * event['committed_size'] // self.size} % committed ({event['committed_size']} bytes)")

    def wait_resume(self):
        """Where this client went on."""
        event = harness.events([self.client.wait_line('"event":"resume"', timeout=300)])[0]
        self.max_unacked = event["max_unacked_bytes"]
        say(f"    resumed at {event['resume_offset']} bytes, {event['committed_size']} of them durable")
        return event

    def kill_server(self):
        say("$ kill -9 penstockd")
        self.server.kill()

    def restart_server(self):
        say("$ penstockd --config penstockd.toml")
        self.server.start()
        event = self.wait_resume()
        self.twice.append(event["bytes_sent"] - event["resume_offset"])  # the client began at 0
        return event["resume_offset"]

    def kill_client_and_repeat(self):
        say("$ kill -9 penstock")
        ended_before = set(self.server.log().splitlines())
        self.client.kill()
        # What the dead client had sent is known to the server alone: it logs what it had received, unless the next
        # client comes before it has noticed.
        lost = json.loads(self.server.process.wait_error(
            lambda line: '"stream ended"' in line and line not in ended_before))
        self.start()
        self.twice.append(int(lost["received_size"]) - self.wait_resume()["resume_offset"])

    def finish(self):
        assert self.client.wait(600) == 0, self.client.stderr()
        done = harness.events(self.client)[-1]
        say(f"    finished: {done['size']} bytes, CRC-64 {done['object']['crc64']}")
        return done


def crc64_of(path):
    """By a second implementation: xz's, through Python's own lzma (its CRC-64 is the same polynomial)."""
    # An xz stream of one block ends its block with the CRC-64 of the content; see the .xz format, section 3.4.
    import lzma
    compressor = lzma.LZMACompressor(check=lzma.CHECK_CRC64, preset=0)
    tail = b""
    with open(path, "rb") as source:
        while data := source.read(MIB):
            tail = (tail + compressor.compress(data))[-64:]
    tail = (tail + compressor.flush())[-4096:]
    backward_size = (int.from_bytes(tail[-8:-4], "little") + 1) * 4
    return int.from_bytes(tail[-12 - backward_size - 8:-12 - backward_size], "little")


def same_bytes(path, pieces):
    with open(path, "rb") as source:
        for piece in pieces:
            if source.read(len(piece)) != piece:
                return False
        return source.read(1) == b""


def stored_in_oss(emulator, key, size):
    step = 16 * MIB
    for at in range(0, size, step):
        status, _, body = emulator.request("GET", key, headers={"range": f"bytes={at}-{min(at + step, size) - 1}"})
        assert status == 206, (status, body)
        yield body


def stored_in_files(path):
    with open(path, "rb") as file:
        while piece := file.read(16 * MIB):
            yield piece


def run(workspace, emulator, server, path, remote, crc64):
    say(f"\n== put it into {remote}, with kills on the way")
    upload = Upload(workspace, server, path, f"{remote}:{BUCKET}/usr.tar")
    upload.start()
    upload.wait_committed(0.1)
    if remote == "oss":
        since = emulator.position()
        emulator.add_fault("UploadPart", "hold", count=1000)  # so that the server dies inside a part
        emulator.wait_for("UploadPart", since=since)
    upload.kill_server()
    emulator.clear_faults()
    resumed_at = upload.restart_server()
    upload.wait_committed(resumed_at / upload.size + 0.1)
    upload.kill_client_and_repeat()
    done = upload.finish()
    stored = (stored_in_oss(emulator, "usr.tar", SIZE) if remote == "oss" else
              stored_in_files(workspace.path / "objects" / BUCKET / "usr.tar"))
    equal = same_bytes(path, stored)
    say(f"    CRC-64 of the file {crc64:016x}, of the object {done['object']['crc64']}: "
        f"{'equal' if int(done['object']['crc64'], 16) == crc64 else 'DIFFERENT'}")
    say(f"    bytes of file and object: {'equal' if equal else 'DIFFERENT'}")
    say(f"    bytes sent twice: {' and '.join(map(str, upload.twice))} "
        f"(at most {upload.max_unacked} an interruption: max_unacked_bytes)")
    return equal and int(done["object"]["crc64"], 16) == crc64 and all(t <= upload.max_unacked for t in upload.twice)


def main():
    with harness.Workspace() as workspace:
        say(f"\n== a real file: {SIZE // MIB} MiB of an archive of /usr")
        path = make_archive(workspace)
        crc64 = crc64_of(path)
        with harness.Emulator(workspace) as emulator:
            say(f"$ oss-emulator --listen 127.0.0.1:0 ...\n    {emulator.url}")
            remotes = {"oss": emulator.remote(), "local": harness.local_remote(workspace)}
            # With a fixed number of parts in flight what an interruption may cost is known beforehand.
            with harness.Server(workspace, remotes, {"parallel_parts": 4, "max_parallel_parts": 4}) as server:
                say("$ penstockd --config penstockd.toml\n    ready")
                good = [run(workspace, emulator, server, path, remote, crc64) for remote in ("oss", "local")]
                assert server.stop() == 0
    say("\nnothing was lost" if all(good) else "\nSOMETHING WENT WRONG")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())

"""What the tests of the rclone integration run: penstockd over TCP, and rclone with its configuration."""
import json
import os
import secrets
import subprocess

import harness
import rpc
from harness import BUCKET, MIB

RCLONE = harness.BIN.parent / "rclone" / "rclone"
TOKEN_SECRET = "e2e-not-a-real-token-secret"


class Rclone:
    """rclone on a machine of its own: its home, and a configuration with the remotes (options by name)."""

    def __init__(self, workspace, remotes, machine="machine"):
        self.home = workspace.path / machine
        self.home.mkdir(exist_ok=True)
        self.config = self.home / "rclone.conf"
        sections = [f"[{name}]\n" + "".join(f"{k} = {v}\n" for k, v in options.items())
                    for name, options in remotes.items()]
        self.config.write_text("\n".join(sections))
        self.config.chmod(0o600)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RCLONE_")}
        self.env = {**kept, "HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home / "config"),
                    "RCLONE_CONFIG": str(self.config), "PENSTOCK_TOKEN_SECRET": TOKEN_SECRET}

    def run(self, *arguments, stdin=subprocess.DEVNULL, fails=False):
        """Runs it to its end: its stdout and stderr. It must succeed, or with `fails` must not."""
        done = subprocess.run([RCLONE, *map(str, arguments)], env=self.env, stdin=stdin, capture_output=True,
                              timeout=500)
        errors = done.stderr.decode(errors="replace")
        assert (done.returncode != 0) == fails, (arguments, done.returncode, errors[-4000:])
        return done.stdout, errors

    def stats(self, *arguments):
        """Runs it to its end: what it says it did (transfers, checks, bytes, errors)."""
        _, errors = self.run(*arguments, "--use-json-log", "-v", "--stats", "10m")
        return [json.loads(line)["stats"] for line in errors.splitlines() if '"stats":' in line][-1]

    def start(self, *arguments, stdin=subprocess.DEVNULL):
        """Starts it, for a test that kills it or talks to it."""
        return harness.Process([RCLONE, *arguments], env=self.env, stdin=stdin)


class Scene:
    """A penstockd with the remotes `disk` and `oss` at a TCP address, and what is behind them."""

    def __init__(self, workspace):
        self.workspace = workspace
        self.emulator = harness.Emulator(workspace)
        self.disk = harness.local_remote(workspace)
        self.address = f"127.0.0.1:{harness.free_port()}"
        # With the probe, gRPC holds tens of MiB that a server has not seen: docs/operations.md.
        settings = {"listen": [self.address], "claims_per_minute": 1000, "bdp_probe": False}
        self.server = harness.Server(workspace, {"disk": self.disk, "oss": self.emulator.remote()}, settings)

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *arguments):
        self.server.__exit__(*arguments)
        self.emulator.__exit__(*arguments)

    def remotes(self, address=None, **options):
        """Configuration of rclone: both remotes, at this server or at a proxy of it."""
        return {name: {"type": "penstock", "servers": address or self.address, "remote": name, **options}
                for name in ("disk", "oss")}

    def rclone(self, address=None, machine="machine", **options):
        return Rclone(self.workspace, self.remotes(address, **options), machine)

    def disk_file(self, key):
        """Where `disk` has an object of a name with a dot: plugin/local/README.md."""
        return os.path.join(self.disk["root"], BUCKET, key)

    def max_unacked(self, stubs, remote, size, part_size=0):
        """What the server says of an upload of so many bytes."""
        with rpc.Client(stubs, self.address) as client:
            stream = rpc.LiveStream(client)
            stream.send(client.open(secrets.token_urlsafe(), remote, BUCKET, "asked",
                                    {"total_size": size, "part_size": part_size}))
            opened = stream.opened()
            stream.cancel()
        return opened.max_unacked_bytes


def same_bytes(one, other):
    """Compares two files byte by byte."""
    return subprocess.run(["cmp", one, other]).returncode == 0


def stamp_file(path, size):
    """A file of which every 64 KiB are of its own, made at the speed of the disk."""
    block = bytearray(os.urandom(64 << 10) * (MIB >> 16))
    with open(path, "wb") as out:
        for at in range(0, size, MIB):
            for inside in range(0, MIB, 64 << 10):
                block[inside:inside + 8] = (at + inside).to_bytes(8, "big")
            out.write(block[:min(MIB, size - at)])
    return path

"""What every e2e test uses: the programs as processes, and an OSS client of our own to look behind the server.

Everything is a context manager that ends what it began. Nothing here sleeps: a test waits for a line of output, for an
entry of the emulator's journal, or for a process to end.
"""
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

BIN = pathlib.Path(os.environ.get("PENSTOCK_BIN", pathlib.Path(__file__).resolve().parents[2] / "build/release/bin"))
BUCKET = "e2e-bucket"
REGION = "cn-hangzhou"
ACCESS_KEY_ID = "e2e-key-id"
MIB = 1 << 20


class Workspace:
    """A folder of its own below /tmp (short, for unix sockets), gone at the end."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="penstock-e2e-"))
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def secret(self, name="secret"):
        path = self.path / name
        if not path.exists():
            path.write_text("e2e-not-a-real-secret")
            path.chmod(0o600)
        return path

    def file(self, name, size, seed=1):
        """A file of `size` random bytes that follow from `seed`."""
        path = self.path / name
        source = random.Random(seed)
        with open(path, "wb") as out:
            while size > 0:
                out.write(source.randbytes(min(size, MIB)))
                size -= MIB
        return path


class Output:
    """What a program wrote to one of its pipes so far, by lines."""

    def __init__(self, pipe):
        self.lines = []
        self._pipe = pipe
        self._ended = False
        self._arrived = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._pipe:
            with self._arrived:
                self.lines.append(line.decode(errors="replace").rstrip("\n"))
                self._arrived.notify_all()
        with self._arrived:
            self._ended = True
            self._arrived.notify_all()
        self._pipe.close()

    def wait_line(self, wanted, timeout=60):
        """The first line for which `wanted` (a text within it, or a function) holds; None when none came."""
        matches = wanted if callable(wanted) else lambda line: wanted in line
        seen = 0
        deadline = time.monotonic() + timeout
        with self._arrived:
            while True:
                for line in self.lines[seen:]:
                    if matches(line):
                        return line
                seen = len(self.lines)
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    return None
                self._arrived.wait(left)

    def join(self, timeout):
        """Waits until nobody has the other end any more."""
        self._reader.join(timeout)


class Process:
    """A program, and the lines it printed so far."""

    def __init__(self, arguments, env=None, cwd=None, stdin=subprocess.DEVNULL):
        self.popen = subprocess.Popen(
            [str(a) for a in arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=stdin,
            env={**os.environ, **(env or {})}, cwd=cwd)
        self.output, self.errors = Output(self.popen.stdout), Output(self.popen.stderr)

    @property
    def lines(self):
        """Of stdout."""
        return self.output.lines

    def wait_line(self, wanted, timeout=60):
        """The first line of stdout for which `wanted` holds."""
        return self._wait(self.output, wanted, timeout)

    def wait_error(self, wanted, timeout=60):
        """The same of stderr."""
        return self._wait(self.errors, wanted, timeout)

    def _wait(self, output, wanted, timeout):
        line = output.wait_line(wanted, timeout)
        if line is None:
            self.errors.join(1)  # what a program says last may come after the end of its stdout
            raise AssertionError(f"no such line; stdout: {self.lines}; stderr: {self.stderr()}")
        return line

    def stderr(self):
        return "".join(line + "\n" for line in list(self.errors.lines))

    def signal(self, number):
        self.popen.send_signal(number)

    def kill(self):
        """SIGKILL, and wait until it is gone."""
        self.popen.kill()
        return self.wait()

    def wait(self, timeout=120):
        code = self.popen.wait(timeout)
        self.output.join(timeout)
        self.errors.join(timeout)
        return code

    def running(self):
        return self.popen.poll() is None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.running():
            self.kill()


class Emulator(Process):
    """An oss-emulator with its data in the workspace."""

    def __init__(self, workspace, *extra, listen="127.0.0.1:0"):
        self.secret = workspace.secret().read_text()
        data = workspace.path / "emulator"
        data.mkdir(exist_ok=True)
        super().__init__([BIN / "oss-emulator", "--listen", listen, "--data", data, "--bucket", BUCKET, "--region",
                          REGION, "--access-key-id", ACCESS_KEY_ID, "--access-key-secret-file", workspace.secret(),
                          *extra])
        self.url = self.wait_line("http://")
        self.netloc = urllib.parse.urlsplit(self.url).netloc

    def control(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.netloc, timeout=120)
        with contextlib.closing(connection):
            connection.request(method, "/-/emulator/" + path, json.dumps(body) if body is not None else None)
            response = connection.getresponse()
            text = response.read().decode()
            assert response.status in (200, 204), (response.status, text)
            return json.loads(text) if text else None

    def add_fault(self, operation, kind, **more):
        return self.control("POST", "faults", {"operation": operation, "kind": kind, **more})

    def hold_parts_from(self, number):
        """Stores these parts, but holds their replies back until the faults are cleared."""
        for held in range(number, number + 32):
            self.add_fault("UploadPart", "hold", part_number=held, count=1000)

    def clear_faults(self):
        self.control("DELETE", "faults")

    def journal(self, since=0):
        return self.control("GET", f"journal?since={since}")["entries"]

    def position(self):
        entries = self.journal()
        return entries[-1]["seq"] if entries else 0

    def wait_for(self, operation, count=1, since=0, timeout_ms=60000):
        """Waits until `count` requests of `operation` newer than `since` are in the journal."""
        answer = self.control("GET", f"wait?since={since}&operation={operation}&count={count}&timeout_ms={timeout_ms}")
        assert not answer["timed_out"], f"{count} of {operation} did not come: {answer['entries']}"
        return answer

    def wait_held(self, fault, timeout_ms=60000):
        """Waits until the fault, an answer of add_fault, holds a request back."""
        assert self.control("GET", f"wait_held?id={fault['id']}&timeout_ms={timeout_ms}")["held"], fault

    def uploads(self):
        return self.control("GET", "state")["buckets"][BUCKET]["uploads"]

    def request(self, method, key, query="", headers=None, body=None, age=0):
        """A signed request for an object: (status, headers, body). V4 as the specification has it, written anew here.

        It is signed `age` seconds ago."""
        now = time.gmtime(time.time() - age)
        date, stamp = time.strftime("%Y%m%d", now), time.strftime("%Y%m%dT%H%M%SZ", now)
        path = "/" + BUCKET + "/" + urllib.parse.quote(key, safe="/-._~")
        signed = {"x-oss-content-sha256": "UNSIGNED-PAYLOAD", "x-oss-date": stamp, **(headers or {})}
        names = sorted(n for n in signed if n.startswith(("x-oss-", "content-")))
        canonical = "\n".join(
            [method, path, query, "".join(f"{n}:{signed[n]}\n" for n in names), "", "UNSIGNED-PAYLOAD"])
        scope = f"{date}/{REGION}/oss/aliyun_v4_request"
        to_sign = "\n".join(["OSS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key_bytes = ("aliyun_v4" + self.secret).encode()
        for piece in (date, REGION, "oss", "aliyun_v4_request"):
            key_bytes = hmac.new(key_bytes, piece.encode(), hashlib.sha256).digest()
        signature = hmac.new(key_bytes, to_sign.encode(), hashlib.sha256).hexdigest()
        signed["Authorization"] = f"OSS4-HMAC-SHA256 Credential={ACCESS_KEY_ID}/{scope},Signature={signature}"
        connection = http.client.HTTPConnection(self.netloc, timeout=120)
        with contextlib.closing(connection):
            connection.request(method, path + ("?" + query if query else ""), body, headers=signed)
            response = connection.getresponse()
            return response.status, dict((k.lower(), v) for k, v in response.getheaders()), response.read()

    def orphan(self, key, parts=(), age=0):
        """A multipart upload that no server knows of, initiated `age` seconds ago, with parts of these sizes."""
        if age:
            self.initiate_in_the_past(age, 1)
        status, _, body = self.request("POST", key, "uploads", age=age)
        assert status == 200, body
        upload_id = body.decode().split("<UploadId>")[1].split("<")[0]
        for number, size in enumerate(parts, 1):
            status, _, body = self.request("PUT", key, f"partNumber={number}&uploadId={upload_id}", body=b"x" * size)
            assert status == 200, body
        return upload_id

    def initiate_in_the_past(self, age, count):
        """The clock is `age` seconds behind for so many requests that initiate an upload."""
        self.add_fault("InitiateMultipartUpload", "skew", delay_ms=-age * 1000, count=count)

    def upload_ids(self):
        return {upload["id"] for upload in self.uploads()}

    def read(self, key):
        status, _, body = self.request("GET", key)
        assert status == 200, (status, body)
        return body

    def remote(self):
        return {"backend": "oss", "endpoint": self.url, "region": REGION, "access_key_id": ACCESS_KEY_ID}


class Server:
    """A penstockd with a configuration of its own; it can be killed and started again."""

    def __init__(self, workspace, remotes, server=None, name="penstockd", sessions=None):
        self.socket = workspace.path / f"{name}.sock"
        self.address = f"unix:{self.socket}"
        self.config = workspace.path / f"{name}.toml"
        self.process = None
        settings = {"listen": [self.address], "drain_timeout": "20s", **(server or {})}
        text = ["[server]"] + [f"{k} = {json.dumps(v)}" for k, v in settings.items()]
        text += ["[sessions]"] + [f"{k} = {json.dumps(v)}" for k, v in (sessions or {}).items()]
        text += ["[store]", f"path = {json.dumps(str(workspace.path / 'sessions.db'))}", "[log]", 'format = "json"']
        for remote, options in remotes.items():
            options = dict(options)
            if "access_key_id" in options:
                options.setdefault("access_key_secret_file", str(workspace.secret()))
            text += [f"[remotes.{remote}]"] + [f"{k} = {json.dumps(v)}" for k, v in options.items()]
        self.config.write_text("\n".join(text) + "\n")

    def start(self, fault_points=None):
        """`fault_points`: what base/fault_point.h understands, for this run."""
        env = {"PENSTOCK_FAULT_POINTS": fault_points} if fault_points else None
        self.process = Process([BIN / "penstockd", "--config", self.config], env=env)
        self.process.wait_line("ready")
        return self

    def kill(self):
        self.process.kill()

    def stop(self):
        self.process.signal(signal.SIGTERM)
        return self.process.wait()

    def log(self):
        return self.process.stderr()

    def peak(self):
        """The most memory that the process had resident so far (VmHWM), in bytes."""
        with open(f"/proc/{self.process.popen.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process.running():
            self.process.kill()


def local_remote(workspace):
    root = workspace.path / "objects"
    (root / BUCKET).mkdir(parents=True, exist_ok=True)
    return {"backend": "local", "root": str(root)}


def client_env(workspace):
    return {"HOME": str(workspace.path), "XDG_CONFIG_HOME": str(workspace.path / "config"), "NO_COLOR": "1"}


def cli(workspace, *arguments, server=None, env=None, stdin=subprocess.DEVNULL):
    """Runs the command line tool as a process."""
    more = ["--server", server.address] if server is not None else []
    return Process([BIN / "penstock", *arguments, *more], env={**client_env(workspace), **(env or {})}, stdin=stdin)


def run_cli(workspace, *arguments, **more):
    """The same, to its end: (exit code, lines of stdout, stderr)."""
    with cli(workspace, *arguments, **more) as process:
        code = process.wait()
        return code, process.lines, process.stderr()


def events(process_or_lines):
    """What --json printed so far."""
    lines = process_or_lines if isinstance(process_or_lines, list) else list(process_or_lines.lines)
    return [json.loads(line) for line in lines]


_kept_ports = []


def free_port():
    """A port that the system gives to nobody else while this process lives: a socket that does not listen keeps it.
    Servers bind it all the same, and again after a restart, for they set SO_REUSEADDR as it does."""
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind(("127.0.0.1", 0))
    _kept_ports.append(keeper)
    return keeper.getsockname()[1]

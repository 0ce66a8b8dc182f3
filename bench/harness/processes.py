"""Programs as processes, with the CPU time and the memory that they took."""

from __future__ import annotations

import ctypes
import functools
import json
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from bench.harness.model import Sample


class ProcessFailed(Exception):
    """A program ended before its time, with an error, or without saying what was awaited."""


# A child begins with the peak of memory of whoever made it (execve keeps ru_maxrss), and this process is larger than
# many a client. So a small shell makes it, tells its pid, and ends; as the subreaper this process is the parent then.
# The program waits for that at the gate: while the shell lives, it could reap it.
_LAUNCH = 'exec 3<&0; { read -r _ </dev/fd/%d; exec "$@" <&3 3<&-; } & echo $! >/dev/fd/%d'
_PR_SET_CHILD_SUBREAPER = 36


@functools.cache
def _become_subreaper() -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _launch(arguments: Sequence[str], **options: Any) -> tuple[subprocess.Popen[bytes], int]:
    """Starts a program; the shell that did it and has ended, with the pipes of `options`, and the program's pid."""
    if shutil.which(arguments[0]) is None:
        raise FileNotFoundError(f"no program {arguments[0]}")
    _become_subreaper()
    (told, tell), (gate, opener) = os.pipe(), os.pipe()
    try:
        shell = subprocess.Popen(
            ["/bin/sh", "-c", _LAUNCH % (gate, tell), "sh", *arguments], pass_fds=[gate, tell], **options
        )
        pid = int(os.read(told, 20))
        shell.wait()
        os.write(opener, b"\n")
    finally:
        for end in (told, tell, gate, opener):
            os.close(end)
    return shell, pid


class Process:
    """A program under a name. What it writes to stderr goes to a file; stdout is read line by line."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[object],
        log: pathlib.Path,
        env: Mapping[str, str] | None = None,
        cwd: pathlib.Path | None = None,
        stdin: bool = False,
    ) -> None:
        """`stdin`: gives it a pipe, open until close_stdin; otherwise it reads nothing."""
        self.name, self._log = name, log
        self._code: int | None = None
        self._cpu = 0.0  # this and the peak: from its end on
        self._peak = 0
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._seen: list[str] = []
        with open(log, "ab") as errors:
            try:
                self._popen, self._pid = _launch(
                    [str(a) for a in arguments],
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    cwd=cwd,
                    stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                    env={**os.environ, **(env or {})},
                )
            except OSError as error:
                raise ProcessFailed(f"{name} does not start: {error}") from error
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def pid(self) -> int:
        return self._pid

    def _read(self) -> None:
        assert self._popen.stdout is not None
        for line in self._popen.stdout:
            self._lines.put(line.decode(errors="replace").rstrip("\n"))
        self._lines.put(None)
        self._popen.stdout.close()

    def wait_line(self, wanted: str, timeout: float = 60) -> str:
        """The next line of stdout that has `wanted` in it."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise self._failed(f"did not say {wanted!r} within {timeout:.0f} s") from None
            if line is None:
                self._lines.put(None)  # for whoever asks next
                raise self._failed(f"ended without saying {wanted!r}")
            self._seen.append(line)
            if wanted in line:
                return line

    def listening(self) -> str:
        """The address of a program that says `listening on ADDRESS`."""
        return self.wait_line("listening on ").rpartition(" ")[2]

    def wait(self, timeout: float = 600) -> int:
        """Waits for its end; the exit code."""
        deadline = time.monotonic() + timeout
        while self._code is None:
            # Not until it is reaped are its CPU time and peak final; wait4 tells both with the exit code.
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise self._failed(f"did not end within {timeout:.0f} s") from None
            if line is not None:
                self._seen.append(line)
                continue
            self._lines.put(None)
            self._reap()
        return self._code

    def _reap(self) -> None:
        _, status, usage = os.wait4(self.pid, 0)
        self._cpu = usage.ru_utime + usage.ru_stime
        self._peak = usage.ru_maxrss * 1024
        self._code = os.waitstatus_to_exitcode(status)
        if self._popen.stdin is not None:
            self._popen.stdin.close()

    def result(self, timeout: float = 600) -> dict[str, Any]:
        """Waits for its end; the JSON object that it printed last."""
        code = self.wait(timeout)
        if code != 0:
            raise self._failed(f"ended with {code}")
        try:
            result: dict[str, Any] = json.loads(self._seen[-1])
        except (IndexError, ValueError):
            raise self._failed("printed no JSON") from None
        return result

    def cpu_seconds(self) -> float:
        """CPU time so far, of all its threads, in user and kernel mode. After its end with that of its children."""
        if self._code is not None:
            return self._cpu
        # The clock of another process, as clock_getcpuclockid(3) has it: to the nanosecond, where /proc/PID/stat counts
        # hundredths of a second.
        return time.clock_gettime((~self.pid << 3) | 2)

    def rss(self) -> int:
        """Resident bytes now."""
        return self._status("VmRSS") * 1024

    def peak_rss(self) -> int:
        """The most bytes resident since the start or the last reset_peak."""
        return self._peak if self._code is not None else self._status("VmHWM") * 1024

    def reset_peak(self) -> None:
        pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def threads(self) -> int:
        return self._status("Threads")

    def _status(self, key: str) -> int:
        with open(f"/proc/{self.pid}/status") as status:
            for line in status:
                if line.startswith(key + ":"):
                    return int(line.split()[1])
        raise self._failed(f"is gone: no {key}")

    def close_stdin(self) -> None:
        assert self._popen.stdin is not None
        self._popen.stdin.close()

    def running(self) -> bool:
        """Whether it has not ended."""
        if self._code is not None:
            return False
        stat = pathlib.Path(f"/proc/{self.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] != "Z"

    def signal(self, number: int) -> None:
        if self._code is None:
            os.kill(self.pid, number)

    def stop(self, timeout: float = 60) -> int:
        """SIGTERM, then SIGKILL if that does not end it in time; the exit code."""
        if self._code is None:
            self.signal(signal.SIGTERM)
            try:
                return self.wait(timeout)
            except ProcessFailed:
                return self.kill()
        return self._code

    def kill(self) -> int:
        """SIGKILL, and wait until it is gone."""
        if self._code is None:
            self.signal(signal.SIGKILL)
            self._reap()
        assert self._code is not None
        return self._code

    def errors(self) -> str:
        """The end of what it wrote to stderr."""
        return self._log.read_text(errors="replace")[-2000:]

    def _failed(self, what: str) -> ProcessFailed:
        return ProcessFailed(f"{self.name} {what}; stdout: {self._seen[-5:]}; stderr: {self.errors()}")

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def measure(start: Callable[[], Process], beside: Sequence[Process], timeout: float = 600) -> Sample:
    """Starts a client, waits for its end, and tells what it and the processes `beside` it took meanwhile.

    The client prints one JSON object; its seconds and bytes become the sample's, the rest of its numbers `extra`.
    """
    meter = Meter(beside)
    with start() as client:
        return meter.sample(client, client.result(timeout))


class Measured(Protocol):
    """A client, or several that count as one."""

    @property
    def name(self) -> str: ...
    def cpu_seconds(self) -> float: ...
    def peak_rss(self) -> int: ...


class Meter:
    """Takes the CPU time and the peak of some long-lived processes from here to `sample`."""

    def __init__(self, processes: Sequence[Process]) -> None:
        self._before = [(process, process.cpu_seconds()) for process in processes]
        for process in processes:
            process.reset_peak()

    def sample(self, client: Measured, result: Mapping[str, Any]) -> Sample:
        """`result`: what the client printed, with `seconds` and `bytes`. The client may have ended."""
        sample = Sample(seconds=float(result["seconds"]), bytes=int(result["bytes"]))
        for process, before in self._before:
            sample.cpu[process.name] = process.cpu_seconds() - before
            sample.rss[process.name] = process.peak_rss()
        sample.cpu[client.name] = client.cpu_seconds()
        sample.rss[client.name] = client.peak_rss()
        sample.extra = {key: float(value) for key, value in flat(result) if key not in ("seconds", "bytes")}
        sample.first_error = str(result.get("first_error", ""))
        return sample


def flat(result: Mapping[str, Any], prefix: str = "") -> list[tuple[str, float]]:
    """The numbers of a JSON object, those of objects in it by `outer.inner`."""
    numbers: list[tuple[str, float]] = []
    for key, value in result.items():
        if isinstance(value, Mapping):
            numbers += flat(value, f"{prefix}{key}.")
        elif isinstance(value, (int, float)):
            numbers.append((prefix + key, float(value)))
    return numbers

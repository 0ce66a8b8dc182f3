"""penstockd, its store in bench_sink, and the client that costs little: how scenarios put them together."""

from __future__ import annotations

import json
import pathlib
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from bench.harness.context import Context
from bench.harness.model import Sample
from bench.harness.processes import Process, measure

BUCKET = "bench-bucket"
REMOTE = "sink"


class Sink:
    """A bench_sink."""

    def __init__(self, context: Context, latency_ms: int = 0) -> None:
        self.process = context.start("sink", "bench_sink", "--listen", "127.0.0.1:0", "--latency-ms", latency_ms)
        # It may say an address or a URL.
        self.netloc = self.process.listening().removeprefix("http://").rstrip("/")
        self.url = "http://" + self.netloc

    def stats(self) -> dict[str, Any]:
        with urllib.request.urlopen(self.url + "/-/stats", timeout=60) as answer:
            stats: dict[str, Any] = json.load(answer)
        return stats

    def control(self, **settings: int | bool) -> None:
        """latency_ms, stall: from now on."""
        query = urllib.parse.urlencode({key: str(value).lower() for key, value in settings.items()})
        request = urllib.request.Request(f"{self.url}/-/control?{query}", method="POST")
        urllib.request.urlopen(request, timeout=60).close()


class Penstockd:
    """A penstockd with its default configuration but for what is given; its one remote is a sink."""

    def __init__(
        self,
        context: Context,
        sink: Sink,
        sessions: Mapping[str, object] | None = None,
        store: pathlib.Path | None = None,
        **server: object,
    ) -> None:
        """`sessions`, `server`: settings of the tables of that name. `store`: the folder of the session store."""
        folder = pathlib.Path(tempfile.mkdtemp(prefix="penstockd-", dir=context.temp))
        secret = folder / "secret"
        secret.write_text("of-no-use-to-anyone")
        secret.chmod(0o600)
        remote = {
            "backend": "oss",
            "endpoint": sink.url,
            "region": "cn-hangzhou",
            "access_key_id": "bench",
            "access_key_secret_file": str(secret),
        }
        config = folder / "penstockd.toml"
        config.write_text(
            _table("server", {"listen": ["127.0.0.1:0"], **server})
            + _table("sessions", sessions or {})
            + _table("store", {"path": str((store or folder) / "sessions.db")})
            + _table(f"remotes.{REMOTE}", remote)
        )
        self._start: Callable[[], Process] = lambda: context.start("penstockd", "penstockd", "--config", config)
        self._serve()

    def restart(self) -> None:
        """Kills it, and starts it again on what it has recorded. It gets another address."""
        self.process.kill()
        self._serve()

    def _serve(self) -> None:
        self.process = self._start()
        self.address = self.process.listening()
        self.process.wait_line("ready")


def _table(name: str, settings: Mapping[str, object]) -> str:
    return f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())


def load(context: Context, address: str, *arguments: object, stdin: bool = False) -> Process:
    """Starts bench_load against a server of PutService."""
    return context.start(
        "load", "bench_load", "--target", address, "--remote", REMOTE, "--bucket", BUCKET, *arguments, stdin=stdin
    )


def load_arm(context: Context, server: Process, address: str, sink: Sink, *arguments: object) -> Callable[[], Sample]:
    """An arm: bench_load to its end, through `server`."""
    return lambda: measure(lambda: load(context, address, *arguments), [server, sink.process])


def direct_arm(context: Context, netloc: str, beside: list[Process], *arguments: object) -> Callable[[], Sample]:
    """An arm: bench_direct to its end, to whatever listens at `netloc`."""
    return lambda: measure(
        lambda: context.start("direct", "bench_direct", "--url", f"http://{netloc}/{BUCKET}", *arguments), beside
    )


def relay(context: Context, sink: Sink) -> tuple[Process, str]:
    """A bench_relay to the sink, and where it listens."""
    process = context.start("relay", "bench_relay", "--listen", "127.0.0.1:0", "--to", sink.netloc)
    return process, process.listening()

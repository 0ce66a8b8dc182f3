"""What the figures were measured on."""

from __future__ import annotations

import datetime
import os
import pathlib
import platform
import re
import subprocess

from bench.harness.context import ROOT


def describe() -> dict[str, str | int]:
    cpus = re.findall(r"^model name\s*: (.*)$", _read("/proc/cpuinfo"), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s+(\d+) kB", _read("/proc/meminfo"), re.MULTILINE)
    return {
        "cpu": cpus[0] if cpus else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": f"{platform.system()} {platform.release()}",
        "memory_bytes": int(memory[1]) * 1024 if memory else 0,
    }


def date() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def commit() -> str:
    """What was measured, with `-dirty` where the tree has changes."""
    run = subprocess.run(
        ["git", "describe", "--always", "--abbrev=12", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return run.stdout.strip() or "unknown"


def load() -> list[float]:
    """The load averages of 1, 5 and 15 minutes."""
    return [round(average, 2) for average in os.getloadavg()]


def _read(path: str) -> str:
    return pathlib.Path(path).read_text()

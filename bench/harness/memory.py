"""Memory of a process that is being filled."""
from __future__ import annotations

import time
from dataclasses import dataclass

from bench.harness.processes import Process


@dataclass
class Reading:
    seconds: float  # since the first one
    rss: int  # bytes
    threads: int


def until_flat(process: Process, every: float = 0.2, quiet: float = 2.0, slack: int = 2 << 20,
               at_most: float = 120) -> list[Reading]:
    """Reads resident memory until it grew by no more than `slack` bytes over `quiet` seconds, for `at_most` seconds."""
    begin = time.monotonic()
    readings: list[Reading] = []
    while True:
        readings.append(Reading(time.monotonic() - begin, process.rss(), process.threads()))
        now = readings[-1]
        recent = [reading.rss for reading in readings if reading.seconds >= now.seconds - quiet]
        if now.seconds >= at_most or (now.seconds >= quiet and max(recent) - min(recent) <= slack):
            return readings
        time.sleep(every)


def is_flat(readings: list[Reading], quiet: float, slack: int) -> bool:
    last = [reading.rss for reading in readings if reading.seconds >= readings[-1].seconds - quiet]
    return max(last) - min(last) <= slack



"""Memory of a process that is being filled."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench.harness.processes import Process, ProcessFailed


@dataclass
class Reading:
    seconds: float  # since the first one
    rss: int  # bytes
    threads: int


def until_flat(
    process: Process, every: float = 0.2, quiet: float = 2.0, slack: int = 2 << 20, at_most: float = 120
) -> list[Reading]:
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


def until_end(process: Process, every: float) -> list[Reading]:
    """Reads resident memory until the process ends."""
    begin = time.monotonic()
    readings: list[Reading] = []
    while process.running():
        try:
            readings.append(Reading(time.monotonic() - begin, process.rss(), process.threads()))
        except ProcessFailed:
            break  # it ended in between
        time.sleep(every)
    return readings


def growth(readings: list[Reading]) -> int:
    """How many bytes the second half of the time had more than the first, of which the first tenth does not count."""
    end = readings[-1].seconds
    first = [reading.rss for reading in readings if 0.1 * end <= reading.seconds <= 0.5 * end]
    second = [reading.rss for reading in readings if reading.seconds > 0.5 * end]
    return max(0, max(second) - max(first)) if first and second else 0


def is_flat(readings: list[Reading], quiet: float, slack: int) -> bool:
    last = [reading.rss for reading in readings if reading.seconds >= readings[-1].seconds - quiet]
    return max(last) - min(last) <= slack

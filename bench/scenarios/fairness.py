"""One fast stream beside many slow ones."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench.harness import figures, markdown
from bench.harness.context import Context
from bench.harness.model import KIB, MB, MIB, Bar, Bounds, Outcome, Plot, Sample, Series, Target
from bench.harness.penstock import Penstockd, Sink, load
from bench.harness.processes import Meter

ID = "fairness"
TITLE = "One fast stream beside 100 slow ones"
# No target of performance.md: "one fast stream does not starve 100 slow ones", as a number.
TARGETS: Bounds = {"fairness": {"slowdown_max": 1.5}}

RATE = MIB  # bytes a second of a slow one
ALONE, BESIDE = "slow ones alone", "slow ones beside a fast one"

TEXT = """Each slow stream sends 1 MiB a second, in chunks of 64 KiB, and finishes; the fast one, on a connection of
its own, sends as fast as it is let for as long. The store answers each part after 20 ms. Figures are those of the
slow streams: an object that never waits for anything takes its size over its rate. The slowdown is the time of the
slowest of them beside the fast one over that without it."""


def run(context: Context) -> Outcome:
    streams = context.sized(100, 50, 4)
    size = context.sized(8 * MIB, 4 * MIB, 256 * KIB)
    sink = Sink(context, 20)
    server = Penstockd(context, sink, bdp_probe=False)
    fast: list[Sample] = []

    put = ("--bytes", size, "--chunk", 64 * KIB, "--streams", streams, "--channels", 10, "--rate", RATE)

    def slow() -> Sample:
        # Nothing of the server: beside a fast stream most of what it takes is not for the slow ones.
        client = load(context, server.address, *put)
        return Meter([]).sample(client, client.result())

    series = context.interleave({ALONE: slow, BESIDE: _beside(context, server, slow, fast)})
    slowdown = figures.ratio(series, BESIDE, ALONE, _seconds_of("max"))
    target = Target.judge(
        ID,
        TARGETS[ID],
        {"slowdown": slowdown.median},
        f"the slowest of {streams} slow streams; the bound is the bench's own",
    )
    # The fast one is no arm of the comparison, but its errors count.
    series.append(Series("the fast one", fast))
    return Outcome(ID, TITLE, f"{TEXT}\n\n{_table(series, size)}", series, [target], [_plot(series[:2])])


def _beside(
    context: Context, server: Penstockd, slow: Callable[[], Sample], fast: list[Sample]
) -> Callable[[], Sample]:
    def arm() -> Sample:
        client = load(context, server.address, "--mode", "push", "--streams", 1, stdin=True)
        begin = time.monotonic()
        sample = slow()
        seconds = time.monotonic() - begin
        client.close_stdin()
        fast.append(Meter([]).sample(client, {**client.result(), "seconds": seconds}))
        return sample

    return arm


def _seconds_of(which: str) -> Callable[[Sample], float]:
    return lambda sample: sample.extra[f"object_seconds.{which}"]


def _table(series: list[Series], size: int) -> str:
    rows = [
        [one.name, *(markdown.spread(one.spread(_seconds_of(which))) for which in ("median", "max"))]
        for one in series[:2]
    ]
    rate = series[2].spread(figures.throughput)
    return markdown.table(["", "seconds an object: median", "the slowest"], rows) + (
        f"\nWithout any wait it is {size / RATE:g} s. The fast one got {markdown.spread(rate, MB)} MB/s."
    )


def _plot(series: list[Series]) -> Plot:
    lines = {
        which: [Bar(f"{one.name}, {which}", one.spread(_seconds_of(which))) for one in series]
        for which in ("median", "max")
    }
    return Plot("fairness", "Fairness: the time of a slow object", "seconds", lines)

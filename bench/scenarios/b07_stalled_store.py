"""B7: a store that takes nothing, and clients that push."""

from __future__ import annotations

import json
from collections.abc import Callable

from bench.harness import markdown
from bench.harness.context import Context
from bench.harness.memory import Reading, is_flat, until_flat
from bench.harness.model import MB, MIB, Bar, Bounds, Outcome, Plot, Sample, Series, Spread, Target
from bench.harness.penstock import Penstockd, Sink, load
from bench.harness.processes import Meter, ProcessFailed

ID = "B7"
TITLE = "The store takes nothing, 100 clients push"
# The bound: what the process had before the first stream, its budget, and 1.5 MB a stream.
TARGETS: Bounds = {"B7": {"peak_over_bound_max": 1.0, "still_growing_max": 0}}

A_STREAM = 1.5 * MB
RATE = 2 * MIB  # bytes a second of a client
SLACK = 4 * MIB
OFF, ON = "bdp_probe off", "bdp_probe on"

TEXT = """The store reads no body. Every client, on a connection of its own, sends up to 2 MiB a second, and is held
back within a second (sent any faster, the bytes of the first would fill the budget before the last is admitted). The
bound is the resident memory before the first stream, `memory_budget`, and 1.5 MB for each stream. Streams count for
at most half of the budget, 1.5 MiB each: 320 MiB is the least round number that admits 100. Memory is flat when it
grew by no more than 4 MiB in 3 s. The target is judged on `bdp_probe = false`, as docs/operations.md advises where
memory has to be bounded; with the probe, gRPC itself takes in more of a stream whose reader has stopped."""


def run(context: Context) -> Outcome:
    streams = context.sized(100, 100, 10)
    budget = context.sized(320, 320, 64) * MIB
    watched: dict[str, list[Reading]] = {}
    series = context.interleave(
        {name: _arm(context, probe, streams, budget, watched, name) for name, probe in ((OFF, False), (ON, True))},
        rounds=min(context.rounds, context.sized(3, 1, 1)),
    )
    value = {
        key: max(sample.extra[key] for sample in series[0].samples) for key in ("peak_over_bound", "still_growing")
    }
    worst = max(series[0].samples, key=lambda sample: sample.extra["peak_over_bound"])
    note = (
        f"{OFF}, the worst round: peak {worst.rss['penstockd'] / MB:.0f} MB of {worst.extra['bound'] / MB:.0f} MB "
        f"({worst.extra['base'] / MB:.0f} + {budget / MB:.0f} + {streams * A_STREAM / MB:.0f})"
    )
    return Outcome(
        ID,
        TITLE,
        f"{TEXT}\n\n{_table(series)}",
        series,
        [Target.judge("B7", TARGETS["B7"], value, note)],
        [_plot(watched)],
    )


def _arm(
    context: Context, probe: bool, streams: int, budget: int, watched: dict[str, list[Reading]], name: str
) -> Callable[[], Sample]:
    def arm() -> Sample:
        sink = Sink(context)
        sink.control(stall=True)
        quiet = context.sized(3000, 3000, 500) / 1000  # seconds without growth
        server = Penstockd(context, sink, bdp_probe=probe, memory_budget=budget)
        base = server.process.rss()
        meter = Meter([server.process])
        push = ("--mode", "push", "--streams", streams, "--channels", streams, "--rate", RATE)
        client = load(context, server.address, *push, stdin=True)
        opened = json.loads(client.wait_line('"open"'))["open"]
        if opened != streams:
            raise ProcessFailed(f"{opened} of {streams} streams were opened: {client.errors()}")
        watched[name] = until_flat(server.process, quiet=quiet, slack=SLACK, at_most=60)
        client.close_stdin()
        sample = meter.sample(client, {**client.result(), "seconds": watched[name][-1].seconds, "bytes": 0})
        bound = base + budget + streams * A_STREAM
        sample.extra |= {
            "flat_after": max(0.0, sample.seconds - quiet),
            "base": base,
            "bound": bound,
            "peak_over_bound": sample.rss["penstockd"] / bound,
            "still_growing": 0.0 if is_flat(watched[name], quiet, SLACK) else 1.0,
        }
        server.process.kill()
        sink.process.kill()
        return sample

    return arm


def _table(series: list[Series]) -> str:
    return markdown.table(
        ["", "peak, MB", "bound, MB", "flat after, s"],
        [
            [
                one.name,
                markdown.spread(one.spread(lambda s: s.rss["penstockd"]), MB),
                markdown.spread(one.spread(lambda s: s.extra["bound"]), MB),
                markdown.spread(one.spread(lambda s: s.extra["flat_after"])),
            ]
            for one in series
        ],
    )


def _plot(watched: dict[str, list[Reading]]) -> Plot:
    lines = {}
    for name, readings in watched.items():
        points = [(reading.seconds, reading.rss / MB) for reading in readings]
        lines[name] = [Bar("", Spread(y, y, y), x) for x, y in points]
    return Plot(
        "b7",
        "B7: memory while the store takes nothing (last round)",
        "MB resident",
        lines,
        "curve",
        "seconds",
        log_x=False,
    )

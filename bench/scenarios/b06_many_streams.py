"""B6: what a stream costs that does nothing, or next to nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from bench.harness import markdown
from bench.harness.context import Context
from bench.harness.memory import until_flat
from bench.harness.model import KIB, MIB, Bar, Bounds, Outcome, Plot, Sample, Series, Target
from bench.harness.penstock import Penstockd, Sink, load
from bench.harness.processes import Meter, ProcessFailed

ID = "B6"
TITLE = "Thousands of streams that wait"
TARGETS: Bounds = {"B6": {"idle_kb_max": 25, "slow_kb_max": 50, "threads_max": 20}}

CHANNELS = 10
# What a stream counts for when it is admitted, in at most half of the budget (docs/operations.md).
ADMITTED_AS = 1536 * KIB

TEXT = """A stream that is idle has sent `open` and got `opened`; a slow one has sent a chunk of 1 KiB besides, and
then nothing. Memory of a stream is what the resident memory of penstockd grew by until it was flat, divided by the
streams; a slow one's includes the page of a slab that its chunk lies in. `memory_budget` is as large as admission of
so many streams asks for (1.5 MiB each in half of it), which is accounted, not used. Each round has a penstockd of its
own."""


def run(context: Context) -> Outcome:
    streams = context.sized(5000, 2000, 50)
    sink = Sink(context)
    series = context.interleave({mode: _arm(context, sink, mode, streams) for mode in ("idle", "slow")})
    kb = {f"{one.name}_kb": one.median(lambda s: s.extra["rss_per_stream"]) / 1000 for one in series}
    threads = max(sample.extra["threads"] for one in series for sample in one.samples)
    target = Target.judge(
        "B6", TARGETS["B6"], {**kb, "threads": threads}, f"{streams} streams on {CHANNELS} connections"
    )
    return Outcome(ID, TITLE, f"{TEXT}\n\n{_table(series)}", series, [target], [_plot(series, streams)])


def _arm(context: Context, sink: Sink, mode: str, streams: int) -> Callable[[], Sample]:
    def arm() -> Sample:
        budget = max(64 * MIB, 2 * streams * ADMITTED_AS + 16 * MIB)
        # A part is cut when it has been filling for so long: not while these are watched.
        server = Penstockd(context, sink, {"part_age": "1h"}, bdp_probe=False, memory_budget=budget)
        base = server.process.rss()
        meter = Meter([server.process])
        begin = time.monotonic()
        client = load(context, server.address, "--mode", mode, "--streams", streams, "--channels", CHANNELS, stdin=True)
        opened = json.loads(client.wait_line('"open"', 300))["open"]
        seconds = time.monotonic() - begin
        if opened != streams:
            raise ProcessFailed(f"{opened} of {streams} streams were opened: {client.errors()}")
        readings = until_flat(server.process, quiet=context.sized(2000, 2000, 300) / 1000)
        client.close_stdin()
        sample = meter.sample(client, {**client.result(), "seconds": seconds, "bytes": 0})
        sample.extra["rss_per_stream"] = (readings[-1].rss - base) / streams
        sample.extra["threads"] = max(reading.threads for reading in readings)
        server.process.kill()
        return sample

    return arm


def _table(series: list[Series]) -> str:
    return markdown.table(
        ["streams", "memory each, KB", "threads", "time until all were open, s"],
        [
            [
                one.name,
                markdown.spread(one.spread(lambda s: s.extra["rss_per_stream"]), 1000),
                markdown.spread(one.spread(lambda s: s.extra["threads"])),
                markdown.spread(one.spread(lambda s: s.seconds)),
            ]
            for one in series
        ],
    )


def _plot(series: list[Series], streams: int) -> Plot:
    bars = []
    for one in series:
        spread = one.spread(lambda s: s.extra["rss_per_stream"] / 1000)
        bars.append(Bar(one.name, spread))
    return Plot("b6", f"B6: {streams} streams that wait", "KB of resident memory for each stream", {"": bars})

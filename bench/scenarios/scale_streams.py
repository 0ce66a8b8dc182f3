"""What a GB and a stream cost as streams become more."""

from __future__ import annotations

from collections.abc import Callable

from bench.harness import figures, markdown
from bench.harness.context import Context
from bench.harness.model import MIB, Bar, Bounds, Outcome, Plot, Sample, Series, Target
from bench.harness.penstock import Penstockd, Sink, load
from bench.harness.processes import Meter

ID = "scale-streams"
TITLE = "One to thousands of streams at a time"
TARGETS: Bounds = {"scale-streams": {"cpu_slope_max": 0.1, "threads_max": 20}}

SIZE = MIB
CHANNELS = 16
TEXT = """Objects of 1 MiB, so many streams at a time on 16 connections (or as many as there are streams), until all
are stored. Every figure is of the same objects: only the number of streams differs. The slope is that of the straight
line through the logarithms of streams and CPU-s/GB: 0 means that a GB costs the same however many streams there are. It
begins where a GB is cheapest: fewer streams wake up more often for the same bytes, which would hide what more cost."""


def run(context: Context) -> Outcome:
    counts = {"full": (1, 8, 64, 512, 5000), "quick": (1, 8, 64, 512), "tiny": (1, 8)}[context.size]
    objects = context.sized(1024, 512, 8)
    sink = Sink(context)
    arms = {
        "1 stream" if count == 1 else f"{count:,} streams": _arm(context, sink, count, max(objects, count))
        for count in counts
    }
    series = context.interleave(arms, rounds=min(context.rounds, context.sized(3, 2, 1)))
    for one, count in zip(series, counts):
        one.x = count
    costs = [(float(count), one.median(figures.cpu_of("penstockd"))) for one, count in zip(series, counts)]
    cheapest = min(range(len(costs) - 1), key=lambda i: costs[i][1])
    slope = figures.slope(costs[cheapest:])
    threads = max(sample.extra["threads"] for one in series for sample in one.samples)
    target = Target.judge(
        ID, TARGETS[ID], {"cpu_slope": slope, "threads": threads}, f"CPU-s/GB from {counts[cheapest]:,} streams on"
    )
    return Outcome(ID, TITLE, f"{TEXT}\n\n{_table(series)}", series, [target], _plots(series))


def _arm(context: Context, sink: Sink, streams: int, objects: int) -> Callable[[], Sample]:
    def arm() -> Sample:
        budget = max(2048 * MIB, 3 * MIB * streams + 16 * MIB)  # admission: 1.5 MiB a stream in half of it
        server = Penstockd(context, sink, bdp_probe=False, memory_budget=budget)
        base = server.process.rss()
        meter = Meter([server.process, sink.process])
        lanes = ("--streams", streams, "--channels", min(streams, CHANNELS))
        client = load(context, server.address, "--bytes", SIZE, "--chunk", MIB, "--objects", objects, *lanes)
        sample = meter.sample(client, client.result())
        sample.extra["threads"] = server.process.threads()
        sample.extra["rss_per_stream"] = (sample.rss["penstockd"] - base) / streams
        server.process.kill()
        return sample

    return arm


def _table(series: list[Series]) -> str:
    return markdown.table(
        ["", "CPU-s/GB penstockd", "peak memory a stream, KB", "threads"],
        [
            [
                one.name,
                markdown.spread(one.spread(figures.cpu_of("penstockd"))),
                markdown.spread(one.spread(lambda s: s.extra["rss_per_stream"]), 1000),
                markdown.spread(one.spread(lambda s: s.extra["threads"])),
            ]
            for one in series
        ],
    )


def _plots(series: list[Series]) -> list[Plot]:
    memory = [Bar(one.name, one.spread(lambda s: s.extra["rss_per_stream"] / 1000), one.x) for one in series]
    return [
        Plot(
            "scale-streams-cpu",
            "CPU of penstockd by streams at a time",
            "CPU-s/GB",
            {"": figures.bars(series, figures.cpu_of("penstockd"))},
            "curve",
            "streams",
        ),
        Plot(
            "scale-streams-memory",
            "Peak memory of penstockd by streams at a time",
            "KB a stream",
            {"": memory},
            "curve",
            "streams",
            log_y=True,
        ),
    ]

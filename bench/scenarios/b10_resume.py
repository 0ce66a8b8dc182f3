"""B10: how long a client that comes back waits, by what is recorded."""

from __future__ import annotations

from collections.abc import Callable

from bench.harness import figures, markdown
from bench.harness.context import Context
from bench.harness.model import Bounds, Outcome, Plot, Sample, Series, Target
from bench.harness.penstock import Penstockd, Sink, load
from bench.harness.processes import Meter, ProcessFailed

ID = "B10"
TITLE = "Resume: from reconnect to the first byte accepted beyond"
TARGETS: Bounds = {"B10": {"resume_ms_max": 100}}

TEXT = """A session gets so many parts of 100 KiB, then its client's process ends and the server is killed and started
again, so that nothing of it is in memory. Measured is from the beginning of the new client's connection to the first
progress that names a byte more than was recorded: connecting, `opened`, and one flushed byte. The parts before were
stored up to 16 at a time; what one of them took tells whether commits become slower as the ledger grows."""


def run(context: Context) -> Outcome:
    counts = {"full": (10, 100, 1000, 10_000), "quick": (10, 1000, 10_000), "tiny": (3, 20)}[context.size]
    sink = Sink(context)
    series = context.interleave({f"{count} parts": _arm(context, sink, count) for count in counts})
    for one, count in zip(series, counts):
        one.x = count
    most = series[-1]
    target = Target.judge("B10", TARGETS["B10"], {"resume_ms": most.median(_resume_ms)}, f"{most.name} recorded")
    curve = Plot(
        "b10",
        "B10: from reconnect to the first byte accepted",
        "ms",
        {"": figures.bars(series, _resume_ms)},
        "curve",
        "recorded parts",
    )
    return Outcome(ID, TITLE, f"{TEXT}\n\n{_table(series)}", series, [target], [curve])


def _resume_ms(sample: Sample) -> float:
    return sample.seconds * 1000


def _arm(context: Context, sink: Sink, parts: int) -> Callable[[], Sample]:
    def arm() -> Sample:
        server = Penstockd(context, sink, bdp_probe=False)
        resume = ("--mode", "resume", "--parts", parts)
        made = load(context, server.address, *resume, "--parallel-parts", 16, "--phase", "make").result()
        server.restart()
        meter = Meter([server.process])
        client = load(context, server.address, *resume, "--phase", "back", "--token", made["token"])
        back = client.result()
        if back["parts"] < parts:
            raise ProcessFailed(f"the session had {back['parts']} parts instead of {parts}: {made} {back}")
        sample = meter.sample(client, {**back, "seconds": back["resume_seconds"], "bytes": 0})
        sample.extra["part_seconds"] = made["make_seconds"] / parts
        for count in ("errors", "wrong_crc"):
            sample.extra[count] += made[count]
        server.process.kill()
        return sample

    return arm


def _table(series: list[Series]) -> str:
    return markdown.table(
        ["recorded", "from connect to first byte, ms", "before: time a part took, µs"],
        [
            [
                one.name,
                markdown.spread(one.spread(_resume_ms)),
                markdown.spread(one.spread(lambda s: s.extra["part_seconds"]), 1e-6),
            ]
            for one in series
        ],
    )

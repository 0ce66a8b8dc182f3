"""B5: parts in flight hide the distance to the store."""

from __future__ import annotations

from bench.harness import figures
from bench.harness.context import Context
from bench.harness.model import MIB, Bounds, Outcome, Target
from bench.harness.penstock import Penstockd, Sink, load_arm

ID = "B5"
TITLE = "A store that answers after 100 ms: 8 parts in flight against 1"
TARGETS: Bounds = {"B5": {"throughput_ratio_min": 6}}

LATENCY_MS = 100
MANY, ONE = "8 parts in flight", "1 part in flight"
TEXT = f"""One stream, parts of 8 MiB, the store answers each part {LATENCY_MS} ms after its last byte. The client
asks for the number of parts in flight (`max_parallel_parts` of `open`)."""


def run(context: Context) -> Outcome:
    size = context.sized(768, 512, 32) * MIB
    sink = Sink(context, LATENCY_MS)
    server = Penstockd(context, sink, bdp_probe=False)

    put = ("--bytes", size, "--chunk", MIB, "--part-size", 8 * MIB, "--parallel-parts")
    series = context.interleave(
        {
            MANY: load_arm(context, server.process, server.address, sink, *put, 8),
            ONE: load_arm(context, server.process, server.address, sink, *put, 1),
        }
    )
    target = Target.judge(
        "B5", TARGETS["B5"], {"throughput_ratio": figures.ratio(series, MANY, ONE, figures.throughput).median}
    )
    return Outcome(
        ID, TITLE, TEXT, series, [target], [figures.throughput_plot("b5", "B5: a store 100 ms away", series)]
    )

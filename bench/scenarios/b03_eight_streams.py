"""B3: eight streams on eight channels against eight connections through the relay."""

from __future__ import annotations

from bench.harness import figures
from bench.harness.context import Context
from bench.harness.model import MIB, Bounds, Outcome, Plot, Spread, Target
from bench.harness.penstock import Penstockd, Sink, direct_arm, load_arm, relay

ID = "B3"
TITLE = "Eight streams on eight channels"
TARGETS: Bounds = {"B3": {"throughput_ratio_min": 0.80, "cpu_ratio_max": 1.6}}

RELAY, PENSTOCKD = "relay", "penstockd"
STREAMS = 8

TEXT = """Eight objects at a time, each by a stream on a connection of its own, against eight libcurl PUTs at a time
through the relay. `bdp_probe = false`, as in B1."""


def run(context: Context) -> Outcome:
    size = context.sized(384, 192, 4) * MIB
    sink = Sink(context)
    hop, hop_address = relay(context, sink)
    server = Penstockd(context, sink, bdp_probe=False)
    plain = ("--bytes", size, "--objects", STREAMS, "--parallel", STREAMS)
    put = ("--bytes", size, "--chunk", MIB, "--streams", STREAMS, "--channels", STREAMS)
    series = context.interleave(
        {
            RELAY: direct_arm(context, hop_address, [hop, sink.process], *plain),
            PENSTOCKD: load_arm(context, server.process, server.address, sink, *put),
        }
    )
    cpu = Spread.of(
        [
            ours.cpu_per_gb("penstockd") / theirs.cpu_per_gb("relay")
            for ours, theirs in zip(figures.by_name(series, PENSTOCKD).samples, figures.by_name(series, RELAY).samples)
        ]
    )
    target = Target.judge(
        "B3",
        TARGETS["B3"],
        {
            "throughput_ratio": figures.ratio(series, PENSTOCKD, RELAY, figures.throughput).median,
            "cpu_ratio": cpu.median,
        },
    )
    costs = [bar for one in series for bar in figures.bars([one], figures.cpu_of(one.name))]
    return Outcome(
        ID,
        TITLE,
        TEXT,
        series,
        [target],
        [
            figures.throughput_plot("b3-throughput", "B3: eight streams", series),
            Plot("b3-cpu", "B3: what the hop costs", "CPU-s/GB of the relay or of penstockd", {"": costs}),
        ],
    )

"""B1 and B2: one stream against a relay of TCP to the same store, and against no hop at all."""

from __future__ import annotations

from bench.harness import figures, markdown
from bench.harness.context import Context
from bench.harness.model import MIB, Bounds, Outcome, Plot, Series, Spread, Target
from bench.harness.penstock import Penstockd, Sink, direct_arm, load_arm, relay

ID = "B1"
TITLE = "One stream, 1 MiB chunks, plaintext"
TARGETS: Bounds = {"B1": {"throughput_ratio_min": 0.95, "cpu_ratio_max": 2.0}, "B2": {"throughput_ratio_min": 0.65}}

RELAY, DIRECT = "relay", "direct"
PROBE_OFF, PROBE_ON = "penstockd, bdp_probe off", "penstockd, bdp_probe on"

TEXT = """One object, by one stream of 1 MiB chunks over plaintext gRPC on loopback. `relay` is one libcurl PUT
through a relay of TCP that does nothing but recv and send: the least that a hop can cost. `direct` is the same PUT
without a hop. The store answers at once. The CPU ratio is CPU-seconds per GB of penstockd over that of the relay.

Targets are judged on `bdp_probe = false`, which docs/operations.md names for local networks, as loopback is one; the
default (true) is for wide area networks and stands beside it."""


def run(context: Context) -> Outcome:
    size = context.sized(3072, 1536, 16) * MIB
    sink = Sink(context)
    hop, hop_address = relay(context, sink)
    off = Penstockd(context, sink, bdp_probe=False)
    on = Penstockd(context, sink, bdp_probe=True)
    put = ("--bytes", size, "--chunk", MIB)
    plain = ("--bytes", size, "--objects", 1, "--parallel", 1)
    series = context.interleave(
        {
            RELAY: direct_arm(context, hop_address, [hop, sink.process], *plain),
            PROBE_OFF: load_arm(context, off.process, off.address, sink, *put),
            PROBE_ON: load_arm(context, on.process, on.address, sink, *put),
            DIRECT: direct_arm(context, sink.netloc, [sink.process], *plain),
        }
    )
    return Outcome(ID, TITLE, TEXT + "\n\n" + _ratios(series), series, _targets(series), _plots(series))


def _cpu_ratios(series: list[Series], arm: str) -> list[float]:
    pairs = zip(figures.by_name(series, arm).samples, figures.by_name(series, RELAY).samples)
    return [a.cpu_per_gb("penstockd") / b.cpu_per_gb("relay") for a, b in pairs]


def _together(series: list[Series], arm: str) -> str:
    return markdown.number(figures.by_name(series, arm).median(figures.cpu_of_all))


def _ratios(series: list[Series]) -> str:
    rows = []
    for arm in (PROBE_OFF, PROBE_ON):
        cpu = Spread.of(_cpu_ratios(series, arm))
        rows.append(
            [
                arm,
                *(markdown.spread(figures.ratio(series, arm, other, figures.throughput)) for other in (RELAY, DIRECT)),
                markdown.spread(cpu),
            ]
        )
    return markdown.table(["ratio of each round", "throughput to relay", "throughput to direct", "CPU to relay"], rows)


def _targets(series: list[Series]) -> list[Target]:
    default = figures.ratio(series, PROBE_ON, RELAY, figures.throughput).median
    return [
        Target.judge(
            "B1",
            TARGETS["B1"],
            {
                "throughput_ratio": figures.ratio(series, PROBE_OFF, RELAY, figures.throughput).median,
                "cpu_ratio": Spread.of(_cpu_ratios(series, PROBE_OFF)).median,
            },
            f"bdp_probe off; with it on, throughput_ratio {markdown.number(default)}, "
            f"cpu_ratio {markdown.number(Spread.of(_cpu_ratios(series, PROBE_ON)).median)}",
        ),
        Target.judge(
            "B2",
            TARGETS["B2"],
            {"throughput_ratio": figures.ratio(series, PROBE_OFF, DIRECT, figures.throughput).median},
            f"bdp_probe off; all processes together take {_together(series, PROBE_OFF)} CPU-s/GB, of direct "
            f"{_together(series, DIRECT)}",
        ),
    ]


def _plots(series: list[Series]) -> list[Plot]:
    hops = [one for one in series if one.name != DIRECT]
    cpu = [
        bar
        for one in hops
        for bar in figures.bars([one], figures.cpu_of("relay" if one.name == RELAY else "penstockd"))
    ]
    return [
        figures.throughput_plot("b1-throughput", "B1, B2: one stream", series),
        Plot("b1-cpu", "B1: what the hop costs", "CPU-s/GB of the relay or of penstockd", {"": cpu}),
    ]

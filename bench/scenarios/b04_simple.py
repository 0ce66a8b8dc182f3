"""B4: against the server that one would write first."""

from __future__ import annotations

from bench.harness import figures, markdown
from bench.harness.context import Context
from bench.harness.model import MIB, Bounds, Outcome, Target
from bench.harness.penstock import BUCKET, Penstockd, Sink, load_arm

ID = "B4"
TITLE = "Against the simple server"
TARGETS: Bounds = {"B4": {"throughput_ratio_min": 1.5, "throughput_ratio_20ms_min": 10}}

LATENCY_MS = 20
TEXT = f"""`bench_simple` is the server that one would write first: a synchronous gRPC handler, parts of 8 MiB in a
std::string, one blocking PUT for each. It keeps no session, and nothing of it can be resumed. One stream of 1 MiB
chunks, with a store that answers at once, and with one that answers each part {LATENCY_MS} ms after its last byte.
penstockd has its default configuration but for `bdp_probe = false`; the number of parts in flight is its own choice."""


def run(context: Context) -> Outcome:
    sizes = {0: context.sized(2048, 1024, 16) * MIB, LATENCY_MS: context.sized(1024, 512, 16) * MIB}
    series = []
    for latency, size in sizes.items():
        sink = Sink(context, latency)
        server = Penstockd(context, sink, bdp_probe=False)
        simple = context.start("simple", "bench_simple", "--listen", "127.0.0.1:0", "--sink", f"{sink.url}/{BUCKET}")
        put = ("--bytes", size, "--chunk", MIB)
        after = f", {latency} ms"
        series += context.interleave(
            {
                "penstockd" + after: load_arm(context, server.process, server.address, sink, *put),
                "simple" + after: load_arm(context, simple, simple.listening(), sink, *put),
            }
        )
    value = {
        name: figures.ratio(series, f"penstockd, {ms} ms", f"simple, {ms} ms", figures.throughput).median
        for name, ms in (("throughput_ratio", 0), ("throughput_ratio_20ms", LATENCY_MS))
    }
    most = figures.by_name(series, "penstockd, 0 ms").median(figures.throughput)
    far = figures.by_name(series, f"simple, {LATENCY_MS} ms").median(figures.throughput)
    note = f"penstockd without latency is {markdown.number(most / far)} times as fast as simple with {LATENCY_MS} ms"
    return Outcome(
        ID,
        TITLE,
        TEXT,
        series,
        [Target.judge("B4", TARGETS["B4"], value, note)],
        [figures.throughput_plot("b4", "B4: against the simple server, by the store's latency", series)],
    )

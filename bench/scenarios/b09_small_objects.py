"""B9: small objects, many at a time."""

from __future__ import annotations

from bench.harness import figures, markdown
from bench.harness.context import Context
from bench.harness.model import KIB, MIB, Bounds, Outcome, Plot, Sample, Target
from bench.harness.penstock import Penstockd, Sink, direct_arm, load_arm

ID = "B9"
TITLE = "Objects of 16 KiB, 64 in parallel"
TARGETS: Bounds = {"B9": {"throughput_ratio_min": 0.7}}

SIZE = 16 * KIB
PARALLEL = 64
PENSTOCKD, IN_MEMORY, DIRECT = "penstockd", "penstockd, sessions in memory", "direct"

TEXT = f"""Objects of 16 KiB, {PARALLEL} at a time, each a session of its own that is recorded (sealed) durably before
its one PUT is sent and once more after it, against libcurl PUTs without a hop, {PARALLEL} at a time, which record
nothing. The store of sessions is on the disk of the temporary folder; a second penstockd has it in memory (tmpfs),
where an fsync costs nothing: the difference is the disk's."""


def run(context: Context) -> Outcome:
    objects = context.sized(20_000, 10_000, 128)
    sink = Sink(context)
    server = Penstockd(context, sink, bdp_probe=False)
    in_memory = Penstockd(context, sink, store=context.memory_folder(), bdp_probe=False)
    put = ("--bytes", SIZE, "--chunk", MIB, "--objects", objects, "--streams", PARALLEL, "--channels", 4)
    series = context.interleave(
        {
            PENSTOCKD: load_arm(context, server.process, server.address, sink, *put),
            IN_MEMORY: load_arm(context, in_memory.process, in_memory.address, sink, *put),
            DIRECT: direct_arm(
                context, sink.netloc, [sink.process], "--bytes", SIZE, "--objects", objects, "--parallel", PARALLEL
            ),
        }
    )

    def rate(sample: Sample) -> float:
        return sample.throughput() / SIZE

    def cost(sample: Sample) -> float:
        return sum(sample.cpu.values()) / sample.bytes * SIZE * 1e6

    rates = markdown.table(
        ["", "objects a second", "CPU of all processes for one, µs"],
        [[one.name, markdown.spread(one.spread(rate)), markdown.spread(one.spread(cost))] for one in series],
    )
    in_memory_ratio = figures.ratio(series, IN_MEMORY, DIRECT, figures.throughput).median
    target = Target.judge(
        "B9",
        TARGETS["B9"],
        {"throughput_ratio": figures.ratio(series, PENSTOCKD, DIRECT, figures.throughput).median},
        f"with sessions in memory {markdown.number(in_memory_ratio)}",
    )
    return Outcome(
        ID,
        TITLE,
        f"{TEXT}\n\n{rates}",
        series,
        [target],
        [Plot("b9", "B9: objects of 16 KiB, 64 in parallel", "objects a second", {"": figures.bars(series, rate)})],
    )

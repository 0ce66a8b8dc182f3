"""B8: an object so large that whatever leaks or overflows would show."""

from __future__ import annotations

from bench.harness.context import Context
from bench.harness.memory import Reading, growth, until_end
from bench.harness.model import GB, GIB, MB, MIB, Bar, Bounds, Outcome, Plot, Sample, Series, Spread, Target

ID = "B8"
TITLE = "1 TiB of unknown length"
TARGETS: Bounds = {"B8": {"errors_max": 0, "wrong_crc_max": 0, "growth_mb_max": 16}}

TEXT = """`bench_long` runs a session from `open` to `finished` in its own process: the chunks of a client that does
not tell a length go through the parser, the session, the slabs and the part plan to a store that is simulated and
keeps checksums only; there is no network. One round. Memory is flat when the second half of the time had at no time
more than 16 MB above what the first half (but for its first tenth) had."""


def run(context: Context) -> Outcome:
    size = context.sized(1024 * GIB, 64 * GIB, GIB)
    process = context.start("bench_long", "bench_long", "--bytes", size)
    readings = until_end(process, context.sized(500, 100, 10) / 1000)
    result = process.result()
    sample = Sample(
        float(result["seconds"]),
        int(result["bytes"]),
        {"bench_long": process.cpu_seconds()},
        {"bench_long": process.peak_rss()},
        {key: float(result[key]) for key in ("errors", "wrong_crc")},
    )
    sample.extra["growth"] = growth(readings)
    value = {
        "errors": sample.extra["errors"],
        "wrong_crc": sample.extra["wrong_crc"],
        "growth_mb": sample.extra["growth"] / MB,
    }
    told = f"{sample.bytes / GB:,.0f} GB"
    target = Target.judge("B8", TARGETS["B8"], value, f"{told}, peak {sample.rss['bench_long'] / MIB:.0f} MiB")
    if sample.bytes != size:
        target.met, target.note = False, f"{sample.bytes} bytes of {size}"
    return Outcome(ID, TITLE, TEXT, [Series(told, [sample])], [target], [_plot(readings)])


def _plot(readings: list[Reading]) -> Plot:
    step = max(1, len(readings) // 500)
    line = [Bar("", Spread(*[reading.rss / MB] * 3), reading.seconds) for reading in readings[::step]]
    return Plot(
        "b8",
        "B8: memory while one large object goes through",
        "MB resident",
        {"": line},
        "curve",
        "seconds",
        log_x=False,
    )

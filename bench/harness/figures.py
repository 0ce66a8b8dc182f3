"""Figures that several scenarios take of their series."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from bench.harness.model import GB, MB, Bar, Plot, Sample, Series, Spread


def by_name(series: Sequence[Series], name: str) -> Series:
    return next(one for one in series if one.name == name)


def ratio(series: Sequence[Series], above: str, below: str, figure: Callable[[Sample], float]) -> Spread:
    """Of each round one arm's figure over the other's: what both suffered in a round cancels out."""
    pairs = zip(by_name(series, above).samples, by_name(series, below).samples)
    return Spread.of([figure(a) / figure(b) for a, b in pairs])


def throughput(sample: Sample) -> float:
    return sample.throughput()


def cpu_of(process: str) -> Callable[[Sample], float]:
    """CPU-seconds of a process for each GB."""
    return lambda sample: sample.cpu_per_gb(process)


def cpu_of_all(sample: Sample) -> float:
    """CPU-seconds of all processes together for each GB."""
    return sum(sample.cpu.values()) / (sample.bytes / GB)


def bars(series: Sequence[Series], figure: Callable[[Sample], float], scale: float = 1) -> list[Bar]:
    return [Bar(one.name, _scaled(one.spread(figure), scale), one.x) for one in series]


def throughput_plot(name: str, title: str, series: Sequence[Series]) -> Plot:
    return Plot(name, title, "MB/s", {"": bars(series, throughput, MB)})


def _scaled(spread: Spread, scale: float) -> Spread:
    return Spread(spread.median / scale, spread.min / scale, spread.max / scale)


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the straight line through the logarithms, by least squares: 0 is flat, 1 is linear.

    REQUIRES: two points or more with different x; all positive.
    """
    xs, ys = zip(*((math.log(x), math.log(y)) for x, y in points))
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    together = math.fsum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys))
    return together / math.fsum((x - mean_x) ** 2 for x in xs)

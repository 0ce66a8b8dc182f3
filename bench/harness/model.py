"""What a scenario hands to the report. Units: seconds, bytes, CPU-seconds."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field

GB = 1e9
MB = 1e6
KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30

Bounds = dict[str, dict[str, float]]  # the targets of a scenario, by id


@dataclass
class Sample:
    """One round of one arm."""

    seconds: float
    bytes: int
    cpu: dict[str, float] = field(default_factory=dict)  # process name -> CPU-seconds during the round
    rss: dict[str, int] = field(default_factory=dict)  # process name -> peak of the resident bytes during the round
    extra: dict[str, float] = field(default_factory=dict)  # "errors" and "wrong_crc" are summed over the run (B11)
    first_error: str = ""  # what the first of the errors was

    def throughput(self) -> float:
        """Bytes a second."""
        return self.bytes / self.seconds if self.seconds > 0 else 0.0

    def cpu_per_gb(self, process: str) -> float:
        """CPU-seconds of `process` for 10^9 bytes."""
        return self.cpu[process] / (self.bytes / GB)


@dataclass
class Spread:
    """What the report says of the rounds of one figure."""

    median: float
    min: float
    max: float

    @staticmethod
    def of(values: list[float]) -> Spread:
        """REQUIRES: at least one value."""
        return Spread(statistics.median(values), min(values), max(values))


@dataclass
class Series:
    """The rounds of one arm, in the order in which they ran."""

    name: str
    samples: list[Sample]
    x: float | None = None  # where it stands on the axis of a curve: streams, parts, sessions

    def spread(self, figure: Callable[[Sample], float]) -> Spread:
        return Spread.of([figure(sample) for sample in self.samples])

    def median(self, figure: Callable[[Sample], float]) -> float:
        return self.spread(figure).median


@dataclass
class Target:
    """One target of performance.md, and what was measured for it."""

    id: str
    target: dict[str, float]  # a name that ends in _min or _max: the value must not be below, or above
    value: dict[str, float]  # the same names without the ending
    met: bool
    note: str = ""

    @staticmethod
    def judge(id: str, target: dict[str, float], value: dict[str, float], note: str = "") -> Target:
        """Compares each bound with its value. A bound without a value is not met."""
        return Target(id, target, value, all(_holds(name, bound, value) for name, bound in target.items()), note)

    @staticmethod
    def not_measured(id: str, target: dict[str, float], reason: str) -> Target:
        return Target(id, target, {}, False, "not measured: " + reason)


def _holds(name: str, bound: float, value: dict[str, float]) -> bool:
    base, _, end = name.rpartition("_")
    assert end in ("min", "max"), name
    if base not in value:
        return False
    return value[base] >= bound if end == "min" else value[base] <= bound


@dataclass
class Bar:
    """A bar, or a point of a line, with what its rounds spread over."""

    label: str
    spread: Spread
    x: float | None = None


@dataclass
class Plot:
    """One diagram. `lines` has bars under one unnamed line, or curves by their name."""

    name: str  # of the file, without its ending
    title: str
    axis: str  # what the values are, with the unit
    lines: dict[str, list[Bar]]
    kind: str = "bars"  # or "curve": x is given
    x_axis: str = ""
    log_x: bool = True  # of a curve
    log_y: bool = False


@dataclass
class Outcome:
    """What a scenario found."""

    id: str
    title: str
    text: str  # Markdown: what was done, and how to read it
    series: list[Series] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)
    failure: str = ""  # why it did not run, or not to its end; empty if it did
    load: dict[str, list[float]] = field(default_factory=dict)  # "before", "after": load averages; the runner's, as
    seconds: float = 0.0  # how long it took

"""The text of a comparison: a table, and what follows from its figures. Nothing here is written by hand but the
form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.harness import markdown
from bench.harness.model import MIB, Sample, Spread


@dataclass
class Row:
    """A peer: what it took in each round, or why there are no figures."""

    name: str
    store: str
    role: str
    trouble: str
    samples: list[Sample]

    def spread(self, figure: Callable[[Sample], float]) -> Spread:
        return Spread.of([figure(sample) for sample in self.samples])


# Whom each of ours is compared with: who does the same job.
SDKS = ("OSS SDK for Python", "OSS SDK for Node.js", "tusd, its S3 store")
RIVALS = {
    "penstock put": SDKS,
    "rclone, Penstock's backend": ("rclone, its S3 backend", "rclone, S3, set for large files"),
}


def _seconds(sample: Sample) -> float:
    return sample.seconds


def work_cpu(sample: Sample) -> float:
    """CPU-seconds of client and server: without the store's, for the stores differ."""
    return sum(seconds for process, seconds in sample.cpu.items() if process != "store")


def work_rss(sample: Sample) -> float:
    return sum(peak for process, peak in sample.rss.items() if process != "store") / MIB


def text(rows: Sequence[Row], kind: str) -> str:
    """`kind`: the method of Round."""
    return "\n".join([_table(rows, kind), "**Where Penstock loses.** " + _losses(rows, kind)])


def _table(rows: Sequence[Row], kind: str) -> str:
    header = [
        "uploader",
        "store",
        "seconds",
        "times its floor",
        "CPU-s of client and server",
        "CPU-s of the store",
        "peak MiB of client and server",
    ]
    if kind == "resume":
        header += AGAIN.values()
    return markdown.table(header, [_cells(row, rows, len(header), kind) for row in rows])


def _cells(row: Row, rows: Sequence[Row], width: int, kind: str) -> list[str]:
    if not row.samples:
        return [row.name, row.store, row.trouble, *[""] * (width - 3)]
    floor = _times_floor(row, rows)
    cells = [
        row.name,
        row.store,
        markdown.spread(row.spread(_seconds)),
        markdown.spread(floor) if floor else "",
        markdown.spread(row.spread(work_cpu)),
        markdown.spread(row.spread(lambda sample: sample.cpu["store"])),
        markdown.spread(row.spread(work_rss)),
    ]
    if kind == "resume":
        cells += [markdown.spread(row.spread(_again(key))) if row.role != "floor" else "" for key in AGAIN]
    return cells


AGAIN = {"again_from_client": "MiB sent again by the client", "again_to_store": "MiB sent again to the store"}
HEADERS = 0.01  # of the file: a smaller difference of bytes sent again is headers and frames, and nobody's loss


def _again(key: str) -> Callable[[Sample], float]:
    return lambda sample: sample.extra.get(key, 0.0) / MIB


def _times_floor(row: Row, rows: Sequence[Row]) -> Spread | None:
    """Seconds as a multiple of those of the plain PUT to the same store in the same round."""
    floor = next(
        (other for other in rows if other.role == "floor" and other.store == row.store and other.samples), None
    )
    if floor is None:
        return None
    return Spread.of([sample.seconds / under.seconds for sample, under in zip(row.samples, floor.samples)])


def _losses(rows: Sequence[Row], kind: str) -> str:
    pairs = [
        (ours, theirs)
        for ours in rows
        if ours.samples
        for theirs in rows
        if theirs.samples and theirs.name in RIVALS.get(ours.name, ())
    ]
    if not pairs:
        return "Not told: nothing was measured that could be compared."
    compared = [found for ours, theirs in pairs for found in _compare(ours, theirs, rows, kind)]
    worse = [f"- {sentence}" for lost, sentence in compared if lost]
    count = f"In {len(worse)} of {len(compared)} comparisons of medians"
    return count + (":\n\n" + "\n".join(worse) + "\n" if worse else ".\n")


def _compare(ours: Row, theirs: Row, rows: Sequence[Row], kind: str) -> list[tuple[bool, str]]:
    """For each figure whether ours is the worse, and a sentence."""
    figures: list[tuple[str, Spread, Spread]] = []
    if ours.store == theirs.store:
        figures.append(("seconds", ours.spread(_seconds), theirs.spread(_seconds)))
    elif (our_floor := _times_floor(ours, rows)) and (their_floor := _times_floor(theirs, rows)):
        figures.append(("times the floor of its store", our_floor, their_floor))
    figures.append(("CPU-s of client and server", ours.spread(work_cpu), theirs.spread(work_cpu)))
    figures.append(("MiB at the peak of client and server", ours.spread(work_rss), theirs.spread(work_rss)))
    if kind == "resume":
        figures += [(name, ours.spread(_again(key)), theirs.spread(_again(key))) for key, name in AGAIN.items()]
    grain = {name: HEADERS * ours.samples[0].bytes / MIB for name in AGAIN.values()}
    return [
        (a.median > b.median + grain.get(name, 0.0), _sentence(ours.name, a, theirs.name, b, name))
        for name, a, b in figures
    ]


def _sentence(ours: str, a: Spread, theirs: str, b: Spread, name: str) -> str:
    overlap = " (their ranges overlap)" if a.min <= b.max else ""
    return f"{ours} {markdown.number(a.median)}, {theirs} {markdown.number(b.median)} {name}{overlap}"

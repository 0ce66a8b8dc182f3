"""The report: Markdown with a plot per scenario, and the same as JSON."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
from typing import Any

from bench.harness import markdown, plots
from bench.harness.model import GIB, MB, MIB, Outcome, Series, Spread, Target


@dataclasses.dataclass
class Run:
    """One run of the bench."""

    date: str
    commit: str
    size: str
    rounds: int
    machine: dict[str, str | int]
    outcomes: list[Outcome]
    seconds: float = 0.0

    def targets(self) -> list[Target]:
        targets = [target for outcome in self.outcomes for target in outcome.targets]
        return sorted(targets, key=lambda target: natural(target.id))


def natural(id: str) -> list[tuple[int, int, str]]:
    """B2 before B10, and both before words."""
    numbered = re.fullmatch(r"B(\d+)", id)
    return [(0, int(numbered[1]), "")] if numbered else [(1, 0, id)]


def write(run: Run, folder: pathlib.Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pieces = [_head(run), _targets(run)]
    for outcome in run.outcomes:
        for plot in outcome.plots:
            plots.write(plot, folder / f"{plot.name}.svg")
        pieces.append(_scenario(outcome))
    (folder / "README.md").write_text("\n".join(pieces))


def to_json(run: Run) -> dict[str, Any]:
    return {
        "schema": 1,
        "date": run.date,
        "commit": run.commit,
        "quick": run.size != "full",
        "size": run.size,
        "rounds": run.rounds,
        "machine": run.machine,
        "seconds": round(run.seconds, 1),
        "targets": [dataclasses.asdict(target) for target in run.targets()],
        "scenarios": [_outcome_json(outcome) for outcome in run.outcomes],
    }


def write_json(run: Run, path: pathlib.Path) -> None:
    path.write_text(json.dumps(to_json(run), indent=1) + "\n")


def _outcome_json(outcome: Outcome) -> dict[str, Any]:
    entry = dataclasses.asdict(outcome)
    del entry["plots"], entry["targets"]
    entry["targets"] = [target.id for target in outcome.targets]
    for series, full in zip(outcome.series, entry["series"]):
        full["summary"] = {name: dataclasses.asdict(spread) for name, spread in summary(series).items()}
    return entry


def summary(series: Series) -> dict[str, Spread]:
    """median, min and max of all that the rounds of a series have in common."""
    if not series.samples:
        return {}
    figures = {"seconds": series.spread(lambda s: s.seconds)}
    if all(sample.cpu and sample.seconds > 0 for sample in series.samples):
        figures["cores_busy"] = series.spread(lambda s: sum(s.cpu.values()) / s.seconds)
    moved = all(sample.bytes > 0 for sample in series.samples)
    if moved:
        figures["bytes_per_second"] = series.spread(lambda s: s.throughput())
    for process in series.samples[0].cpu:
        figures[f"cpu_seconds.{process}"] = series.spread(lambda s: s.cpu[process])
        if moved:
            figures[f"cpu_seconds_per_gb.{process}"] = series.spread(lambda s: s.cpu_per_gb(process))
    for process in series.samples[0].rss:
        figures[f"peak_rss.{process}"] = series.spread(lambda s: float(s.rss[process]))
    for key in series.samples[0].extra:
        if all(key in sample.extra for sample in series.samples):
            figures[key] = series.spread(lambda s: s.extra[key])
    return figures


def _head(run: Run) -> str:
    machine = run.machine
    size = {
        "full": "",
        "quick": " (--quick: fewer rounds, less data)",
        "tiny": " (--tiny: shows that everything runs; **the figures mean nothing**)",
    }[run.size]
    return f"""# Bench report

Written by `scripts/bench`{
        size
    }; [bench/README.md](../README.md) tells what is compared and how. Every comparison is between
arms that took turns within one run: ratios and CPU-seconds are what to look at, throughput is this machine's.

{
        markdown.table(
            ["", ""],
            [
                [
                    "machine",
                    f"{machine['cpu']}, {machine['cores']} cores, {int(machine['memory_bytes']) / GIB:.0f} GiB",
                ],
                ["kernel", str(machine["kernel"])],
                ["measured", f"{run.date}, in {run.seconds / 60:.0f} minutes"],
                ["commit", run.commit],
                ["rounds", f"{run.rounds}, after one that is not counted, unless a scenario says otherwise"],
            ],
        )
    }
Each figure is the median, with minimum and maximum beside it. GB and MB are 10^9 and 10^6 bytes, MiB is 2^20. Client,
server and store share the cores: "cores busy" is the CPU time of all of them over the time that passed. Where it is near
the number of cores, throughput is bound by the sum of what they cost, and no arm with one more process can be as fast."""


def _targets(run: Run) -> str:
    rows = [
        [target.id, bounds(target), markdown.each(target.value) or "-", "yes" if target.met else "**no**", target.note]
        for target in run.targets()
    ]
    met = sum(target.met for target in run.targets())
    return f"""## Targets

{met} of {len(rows)} are met.

{markdown.table(["", "target", "measured", "met", ""], rows)}"""


def bounds(target: Target) -> str:
    words = {"min": "at least", "max": "at most"}
    return ", ".join(
        f"{name[:-4]} {words[name[-3:]]} {markdown.number(bound)}" for name, bound in target.target.items()
    )


def _scenario(outcome: Outcome) -> str:
    pieces = [f"## {outcome.id}: {outcome.title}\n"]
    if outcome.failure:
        pieces.append(f"**Did not run to its end.** {outcome.failure}\n")
    if outcome.text:
        pieces.append(outcome.text.strip() + "\n")
    for plot in outcome.plots:
        pieces.append(f"![{plot.title}]({plot.name}.svg)\n")
    if any(sample.cpu for series in outcome.series for sample in series.samples):
        pieces.append(_series_table(outcome.series))
    if outcome.load:
        before, after = (" ".join(map(str, outcome.load[key])) for key in ("before", "after"))
        pieces.append(f"Took {outcome.seconds:.0f} s. Load average before: {before}; after: {after}.\n")
    return "\n".join(pieces)


_ROWS = (
    ("seconds", "s", 1.0),
    ("bytes_per_second", "MB/s", MB),
    ("cores_busy", "cores busy", 1.0),
    ("cpu_seconds_per_gb", "CPU-s/GB of {}", 1.0),
    ("peak_rss", "peak RSS of {}, MiB", float(MIB)),
)


def _series_table(all_series: list[Series]) -> str:
    """A column for each series, a row for each figure that any of them has."""
    summaries = [summary(series) for series in all_series]
    keys = list(dict.fromkeys(key for figures in summaries for key in figures))
    rows = [["rounds", *(str(len(series.samples)) for series in all_series)]]
    for kind, title, scale in _ROWS:
        for key in (key for key in keys if key.partition(".")[0] == kind):
            cells = [markdown.spread(figures[key], scale) if key in figures else "" for figures in summaries]
            rows.append([title.format(key.partition(".")[2]), *cells])
    return markdown.table(["", *(series.name for series in all_series)], rows)

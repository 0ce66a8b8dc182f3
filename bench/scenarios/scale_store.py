"""What the steps of the store and of the reaper cost as sessions and parts become more."""

from __future__ import annotations

from typing import Any

from bench.harness import figures, markdown
from bench.harness.context import Context
from bench.harness.model import Bar, Bounds, Outcome, Plot, Sample, Series, Spread, Target

ID = "scale-store"
TITLE = "One to 100,000 recorded sessions, one to 10,000 recorded parts"

# From so many sessions on a page of a list is full, and there are 10 full passes of the reaper to take the median of.
FITTED_FROM = {"list": 100, "reap": 1000}
FLAT = 0.1  # slopes up to this are called flat
LINEAR = 1.05
# step of bench_scale -> largest slope. Those that an object waits for must not grow at all.
SESSION_STEPS = {
    "create": FLAT,
    "get": FLAT,
    "open": FLAT,
    "commit": FLAT,
    "list": LINEAR,
    "due": LINEAR,
    "reap": LINEAR,
    "start": LINEAR,
}
PART_STEPS = {"open": LINEAR, "commit": FLAT}
TARGETS: Bounds = {
    "scale-sessions": {f"{step}_slope_max": most for step, most in SESSION_STEPS.items()},
    "scale-parts": {f"{step}_slope_max": most for step, most in PART_STEPS.items()},
}

TEXT = f"""`bench_scale` calls the session store (SQLite, with its own thread and group commit) in its own process, on
a file in memory: on a disk the fsync, which does not depend on what is stored, hides the rest. A call waits for its
answer, one at a time. The slope is that of the straight line through the logarithms: 0 is flat, 1 is linear. A page
of a list and a pass of the reaper hold 100 sessions; they are fitted from {FITTED_FROM["list"]} and
{FITTED_FROM["reap"]} sessions on.

- **create**: a new session is recorded; **get**: one is read; **open**: one is claimed; **commit**: a part is
  recorded
- **list**: a page of 100; **due**: the reaper looks and there is nothing; **reap**: a pass over 100 that are due,
  from expiry to the discarded upload
- **start**: the file is opened. Up to 64 MiB it is checked from end to end, which is linear
- with parts: **open** reads the whole ledger of the session"""


def run(context: Context) -> Outcome:
    sessions = {"full": "1,10,100,1000,10000,100000", "quick": "1,10,100,1000,10000", "tiny": "1,100,300"}[context.size]
    parts = {"full": "1,10,100,1000,10000", "quick": "1,10,100,1000,10000", "tiny": "1,10"}[context.size]
    counts = ("--sessions", sessions, "--parts", parts, "--repeat", context.sized(200, 100, 5))
    folder = context.memory_folder()
    result = context.start("bench_scale", "bench_scale", *counts, "--folder", folder).result()
    text, series, targets, plots = [TEXT], [], [], []
    for what, steps in (("sessions", SESSION_STEPS), ("parts", PART_STEPS)):
        entries = result[what]
        series += [_series(what, entry) for entry in entries]
        slopes = {step: figures.slope(_points(entries, step)) for step in steps}
        targets.append(
            Target.judge(
                f"scale-{what}", TARGETS[f"scale-{what}"], {f"{step}_slope": slope for step, slope in slopes.items()}
            )
        )
        text.append(_table(what, entries, slopes))
        plots.append(_plot(what, entries, list(steps)))
    return Outcome(ID, TITLE, "\n\n".join(text), series, targets, plots)


def _points(entries: list[dict[str, Any]], step: str) -> list[tuple[float, float]]:
    full = [entry for entry in entries if entry["count"] >= FITTED_FROM.get(step, 1)]
    return [(entry["count"], entry["steps"][step]["median"]) for entry in (full if len(full) > 1 else entries)]


def _series(what: str, entry: dict[str, Any]) -> Series:
    """One sample that holds the medians of bench_scale itself, which repeats each step."""
    medians = {f"{step}_seconds": times["median"] for step, times in entry["steps"].items()}
    return Series(f"{entry['count']} {what}", [Sample(sum(medians.values()), 0, extra=medians)], entry["count"])


def _table(what: str, entries: list[dict[str, Any]], slopes: dict[str, float]) -> str:
    header = [what, *(f"{entry['count']:,}" for entry in entries), "slope"]
    rows = [
        [step, *(markdown.times(entry["steps"][step]["median"]) for entry in entries), f"{slope:.2f}"]
        for step, slope in slopes.items()
    ]
    return markdown.table(header, rows)


def _plot(what: str, entries: list[dict[str, Any]], steps: list[str]) -> Plot:
    lines = {
        step: [
            Bar("", Spread(*(entry["steps"][step][key] * 1e6 for key in ("median", "min", "max"))), entry["count"])
            for entry in entries
        ]
        for step in steps
    }
    return Plot(f"scale-{what}", f"Steps by recorded {what}", "µs", lines, "curve", f"recorded {what}", log_y=True)

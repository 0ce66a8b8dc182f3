"""Finds the scenarios, runs them one after the other, and never leaves one out in silence."""

from __future__ import annotations

import dataclasses
import importlib
import pathlib
import pkgutil
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable
from types import ModuleType

import bench.scenarios
from bench.harness import machine, markdown, report
from bench.harness.context import Context
from bench.harness.model import Outcome, Sample, Target
from bench.harness.processes import ProcessFailed

# B11 is what all the others saw.
CHECKSUMS = "B11"
CHECKSUMS_TITLE = "Wrong checksums and errors in all of the above"
CHECKSUMS_TARGET = {"wrong_crc_max": 0.0, "errors_max": 0.0}


def scenarios() -> list[ModuleType]:
    """The modules of bench/scenarios that have an ID, in the order of the report."""
    names = [info.name for info in pkgutil.iter_modules(bench.scenarios.__path__)]
    modules = [importlib.import_module(f"bench.scenarios.{name}") for name in names]
    return sorted((module for module in modules if hasattr(module, "ID")), key=lambda module: report.natural(module.ID))


def ids(module: ModuleType) -> list[str]:
    """Its own, and those of the targets that it measures."""
    return list(dict.fromkeys([module.ID, *getattr(module, "TARGETS", {})]))


def chosen(modules: Iterable[ModuleType], only: list[str]) -> list[ModuleType]:
    """Those that one of the ids names; all when there are none. ValueError: an id that names nothing."""
    modules = list(modules)
    known = {id for module in modules for id in ids(module)} | {CHECKSUMS}
    if unknown := [id for id in only if id not in known]:
        raise ValueError(f"no scenario {', '.join(unknown)}; there are {', '.join(sorted(known, key=report.natural))}")
    return [module for module in modules if not only or set(ids(module)) & set(only)]


@dataclasses.dataclass
class Settings:
    """As Context has them."""

    size: str
    rounds: int
    build: pathlib.Path
    say: Callable[[str], None]


def run_all(modules: list[ModuleType], settings: Settings) -> list[Outcome]:
    outcomes: list[Outcome] = []
    warm_ups: list[Sample] = []
    for module in modules:
        settings.say(f"== {module.ID}: {module.TITLE}")
        with tempfile.TemporaryDirectory(prefix="penstock-bench-") as folder:
            context = Context(pathlib.Path(folder), settings.size, settings.rounds, settings.build, settings.say)
            outcomes.append(_run(module, context, warm_ups))
        settings.say(f"  took {outcomes[-1].seconds} s")
        for target in outcomes[-1].targets:
            settings.say(
                f"  {target.id} {'met' if target.met else 'NOT MET'}: "
                f"{markdown.each(target.value)} ({report.bounds(target)}) {target.note}"
            )
    outcomes.append(_checksums(outcomes, warm_ups))
    return outcomes


def _run(module: ModuleType, context: Context, warm_ups: list[Sample]) -> Outcome:
    before, begin = machine.load(), time.monotonic()
    try:
        with context:
            outcome: Outcome = module.run(context)
    except ProcessFailed as error:
        outcome = _failed(module, str(error))
    except Exception:  # a scenario's own fault; the others still have something to tell
        outcome = _failed(module, traceback.format_exc())
    if outcome.failure:
        context.say("  FAILED: " + outcome.failure)
    warm_ups += context.warm_ups
    outcome.load = {"before": before, "after": machine.load()}
    outcome.seconds = round(time.monotonic() - begin, 1)
    told = {target.id for target in outcome.targets}
    for id, target in getattr(module, "TARGETS", {}).items():
        if id not in told:
            outcome.targets.append(
                Target.not_measured(id, target, outcome.failure or "the scenario told nothing of it")
            )
    return outcome


def _failed(module: ModuleType, reason: str) -> Outcome:
    return Outcome(module.ID, module.TITLE, "", failure=" ".join(reason.split()))


def _checksums(outcomes: list[Outcome], warm_ups: list[Sample]) -> Outcome:
    """Every client compares the CRC-64 of each object with that of what it sent; here is the sum."""
    samples = [sample for outcome in outcomes for series in outcome.series for sample in series.samples] + warm_ups
    checked = [sample for sample in samples if "wrong_crc" in sample.extra]
    value = {key: sum(sample.extra.get(key, 0) for sample in samples) for key in ("wrong_crc", "errors")}
    failed = [outcome.id for outcome in outcomes if outcome.failure]
    target = Target.judge(
        CHECKSUMS,
        CHECKSUMS_TARGET,
        value,
        f"over {len(checked)} rounds" + (f"; not counted: {', '.join(failed)}, which failed" if failed else ""),
    )
    target.met = target.met and bool(checked) and not failed
    first = next((f" The first: {sample.first_error}" for sample in samples if sample.first_error), "")
    text = (
        f"{len(checked)} rounds, those that warm up included, compared the checksum of every object or part with that of "
        f"what was sent: {value['wrong_crc']:.0f} were wrong. {len(samples)} rounds had {value['errors']:.0f} errors.{first}"
    )
    return Outcome(CHECKSUMS, CHECKSUMS_TITLE, text, targets=[target])

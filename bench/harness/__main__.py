"""The command line of scripts/bench."""

from __future__ import annotations

import argparse
import pathlib
import signal
import sys
import time

from bench.harness import machine, report, runner
from bench.harness.context import ROOT


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measures Penstock, and writes a report.")
    size = parser.add_mutually_exclusive_group()
    size.add_argument(
        "--quick", action="store_const", dest="size", const="quick", default="full", help="3 rounds and less data"
    )
    size.add_argument(
        "--tiny",
        action="store_const",
        dest="size",
        const="tiny",
        help="1 round, next to no data: shows that everything runs; the figures mean nothing",
    )
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write everything as JSON too")
    parser.add_argument(
        "--out",
        type=pathlib.Path,
        metavar="DIR",
        default=ROOT / "bench/report",
        help="the folder of the report [bench/report]",
    )
    parser.add_argument("--only", metavar="ID[,ID]", default="", help="these scenarios alone")
    parser.add_argument(
        "--build",
        type=pathlib.Path,
        metavar="DIR",
        default=ROOT / "build/release",
        help="the folder of the build [build/release]",
    )
    parser.add_argument("--rounds", type=int, metavar="N", help="so many rounds, after one that is not counted [5]")
    parser.add_argument("--list", action="store_true", help="print the scenarios, and end")
    return parser.parse_args()


def main() -> int:
    arguments = _arguments()
    try:
        modules = runner.chosen(runner.scenarios(), [id for id in arguments.only.split(",") if id])
    except ValueError as error:
        print(f"scripts/bench: {error}", file=sys.stderr)
        return 2
    if arguments.list:
        for module in modules:
            print(f"{', '.join(runner.ids(module)):12} {module.TITLE}")
        print(f"{runner.CHECKSUMS:12} {runner.CHECKSUMS_TITLE}")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # as an exception, so that every process is ended
    rounds = arguments.rounds or {"full": 5, "quick": 3, "tiny": 1}[arguments.size]
    begin = time.monotonic()
    run = report.Run(machine.date(), machine.commit(), arguments.size, rounds, machine.describe(), [])
    settings = runner.Settings(arguments.size, rounds, arguments.build.resolve(), lambda text: print(text, flush=True))
    run.outcomes = runner.run_all(modules, settings)
    run.seconds = time.monotonic() - begin
    report.write(run, arguments.out)
    if arguments.json:
        report.write_json(run, arguments.json)
    print(f"report: {arguments.out / 'README.md'}")
    # A missed target is a finding, told in the report; a scenario that did not run is a failure of the bench.
    return 1 if any(outcome.failure for outcome in run.outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())

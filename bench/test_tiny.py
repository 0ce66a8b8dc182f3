"""Every scenario of the bench runs and tells what it should. Not how fast anything is: one round, next to no data."""

import json
import os
import pathlib
import subprocess
import sys

from bench.harness import runner

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = os.environ.get("PENSTOCK_BUILD", str(ROOT / "build/release"))


def ours():
    """What needs no program but our own."""
    return [module for module in runner.scenarios() if not module.ID.startswith("peers")]


def test_every_scenario_tells_its_series_and_targets(tmp_path):
    ids = [module.ID for module in ours()]
    result = tmp_path / "result.json"
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "bench.harness",
            "--tiny",
            "--only",
            ",".join(ids),
            "--out",
            tmp_path / "report",
            "--json",
            result,
            "--build",
            BUILD,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    told = json.loads(result.read_text())
    assert told["schema"] == 1 and told["quick"] and told["machine"]["cores"] > 0
    check_scenarios(told, ids)
    check_targets(told)
    check_report(told, tmp_path / "report")


def check_scenarios(told, ids):
    assert [scenario["id"] for scenario in told["scenarios"]] == [*ids, "B11"]
    for scenario in told["scenarios"]:
        assert not scenario["failure"]
        assert scenario["series"] or scenario["id"] == "B11"
        for series in scenario["series"]:
            assert series["samples"], (scenario["id"], series["name"])
            assert {"median", "min", "max"} == set(series["summary"]["seconds"])
        assert scenario["id"] == "B11" or len(scenario["load"]["before"]) == len(scenario["load"]["after"]) == 3


def check_targets(told):
    targets = {target["id"]: target for target in told["targets"]}
    assert len(targets) == len(told["targets"])
    assert {f"B{number}" for number in range(1, 12)} <= set(targets)
    for target in targets.values():
        assert isinstance(target["met"], bool)
        measured = {bound.rpartition("_")[0] for bound in target["target"]}
        assert measured and measured == set(target["value"]), target
    assert targets["B11"]["met"], targets["B11"]  # whatever the size


def check_report(told, folder):
    text = (folder / "README.md").read_text()
    for target in told["targets"]:
        assert f"| {target['id']} |" in text
    plots = [line.rpartition("(")[2].rstrip(")") for line in text.splitlines() if line.startswith("![")]
    assert len(plots) >= len(ours()) - 1
    assert all((folder / plot).stat().st_size > 1000 for plot in plots)

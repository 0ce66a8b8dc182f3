"""rclone's own suites as processes, and what became of each of their tests."""
import dataclasses
import pathlib
import re
import subprocess
import tomllib

import harness

SOURCE = harness.BIN.parent / "rclone" / "src"
# Each with the folder that Go runs its tests in.
SUITES = {"fstests": ("penstock.test", "fstest/fstests"), "operations": ("operations.test", "fs/operations"),
          "sync": ("sync.test", "fs/sync")}
# The format that `go test -json` reads: a control character before each line that says where a test is.
_MARK = re.compile(r"(?:===|\s*---) (\w+):?\s+(\S*)")
_SAID = re.compile(r"\s+\w+\.go:\d+: (.*)")


@dataclasses.dataclass
class Outcome:
    """Of one test: PASS, SKIP or FAIL, the last thing that it logged, and why it is meant to end so."""
    result: str
    says: str = ""
    reason: str = ""


PASSES = Outcome("PASS")


def run(suite, remote, env):
    """Runs a suite against `remote` ("name:bucket"): outcomes by test, and all that it printed."""
    binary, folder = SUITES[suite]
    arguments = ["-test.v=test2json", "-test.timeout=8m", "-remote", remote]
    if suite == "fstests":
        arguments.append("-test.run=^TestIntegration$")  # beside it are the unit tests of the backend
    done = subprocess.run([SOURCE.parent / binary, *arguments], cwd=SOURCE / folder, env=env, capture_output=True,
                          text=True, errors="replace", timeout=500)
    outcomes = parse(done.stdout)
    failed = any(outcome.result == "FAIL" for outcome in outcomes.values())
    assert outcomes and failed == (done.returncode != 0), (done.returncode, done.stdout[-3000:], done.stderr[-3000:])
    return outcomes, done.stdout + done.stderr


def parse(printed):
    """Outcomes by test, from what a test binary printed with -test.v=test2json."""
    outcomes, said, current = {}, {}, ""
    for piece in printed.split("\x16"):
        mark, _, rest = piece.partition("\n")
        if match := _MARK.match(mark):
            word, name = match.groups()
            if word in ("PASS", "SKIP", "FAIL"):
                outcomes[name] = Outcome(word, said.get(name, ""))
            else:
                current = name
        for line in rest.splitlines():
            if match := _SAID.match(line):
                said[current] = match[1]
    return leaves(outcomes)


def leaves(outcomes):
    """Without those that only hold others: each test is counted once."""
    holders = {name.rpartition("/")[0] for name in outcomes}
    return {name: outcome for name, outcome in outcomes.items() if name not in holders}


def expectations(suite, remote):
    """The tests that are not meant to pass, by name, from expected.toml."""
    expected = {}
    for group in tomllib.loads(pathlib.Path(__file__).with_name("expected.toml").read_text())["group"]:
        if group["suite"] == suite and remote in group.get("remotes", [remote]):
            for test in group["tests"]:
                expected[test] = Outcome(group["result"], group["says"], group["reason"])
    return expected

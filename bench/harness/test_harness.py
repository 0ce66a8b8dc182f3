"""The frame itself, with programs that any machine has."""

import os
import pathlib
import sys
import types

import pytest

from bench.harness import figures, markdown, report, runner
from bench.harness.context import Context
from bench.harness.model import Outcome, Sample, Series, Target
from bench.harness.processes import ProcessFailed, measure

PYTHON = pathlib.Path(sys.executable)
CLIENT = """import json
held = bytearray(50 << 20)
print(json.dumps({'seconds': 2, 'bytes': 8, 'wrong_crc': 0, 'open': {'max': 3}}))"""


@pytest.fixture
def context(tmp_path):
    with Context(tmp_path, "quick", 2, say=lambda _: None) as context:
        yield context


def test_measures_a_client_and_what_stands_beside_it(context):
    server = context.start("server", PYTHON, "-c", "print('listening on here', flush=True); input()", stdin=True)
    assert server.listening() == "here"
    sample = measure(lambda: context.start("client", PYTHON, "-c", CLIENT), [server])
    assert (sample.seconds, sample.bytes) == (2, 8)
    assert sample.extra == {"wrong_crc": 0, "open.max": 3}
    assert sample.cpu["client"] > 0
    assert sample.rss["client"] > 50 << 20 > sample.rss["server"] > 0


def test_a_program_that_fails_says_why(context):
    failing = context.start("failing", PYTHON, "-c", "import sys; sys.exit('no space')")
    with pytest.raises(ProcessFailed, match="failing ended with 1.*no space"):
        failing.result()


def test_a_program_that_is_not_built_is_told(context):
    with pytest.raises(ProcessFailed, match="bench_nothing is not built"):
        context.start("nothing", "bench_nothing")


def test_arms_take_turns_after_one_round_that_is_not_counted(context):
    order = []

    def arm(name):
        return lambda: order.append(name) or Sample(len(order), 1)

    series = context.interleave({"a": arm("a"), "b": arm("b")})
    assert order == ["a", "b"] * 3
    assert [sample.seconds for sample in series[1].samples] == [4, 6]
    assert [sample.seconds for sample in context.warm_ups] == [1, 2]


def test_ratios_are_those_of_each_round():
    slow = Series("slow", [Sample(2, 10), Sample(20, 10)])
    fast = Series("fast", [Sample(1, 10), Sample(5, 10)])
    assert figures.ratio([slow, fast], "fast", "slow", figures.throughput).median == 3


def test_slope_tells_flat_from_linear():
    assert figures.slope([(1, 5), (10, 5), (100, 5)]) == pytest.approx(0)
    assert figures.slope([(1, 5), (10, 50), (100, 500)]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("value", "met"),
    [({"a": 2, "b": 3}, True), ({"a": 1, "b": 3}, False), ({"a": 2, "b": 4}, False), ({"a": 2}, False)],
)
def test_a_target_is_met_when_every_bound_is(value, met):
    assert Target.judge("T", {"a_min": 2, "b_max": 3}, value).met is met


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.0000123, "0.000012"), (0.1234, "0.123"), (1.5, "1.5"), (12345.6, "12,346")]
)
def test_numbers_are_short(value, text):
    assert markdown.number(value) == text


def scenario(id, run, **targets):
    return types.SimpleNamespace(ID=id, TITLE=id, TARGETS=targets, run=run)


def run_all(*modules):
    return runner.run_all(list(modules), runner.Settings("quick", 1, pathlib.Path("/nowhere"), lambda _: None))


def test_what_cannot_run_is_told_and_misses_its_targets():
    failed, checksums = run_all(
        scenario("B1", lambda context: context.start("x", "bench_x"), B1={"a_min": 1}, B2={"a_min": 1})
    )
    assert "bench_x is not built" in failed.failure
    assert [(target.id, target.met) for target in failed.targets] == [("B1", False), ("B2", False)]
    assert checksums.id == "B11" and not checksums.targets[0].met


def test_errors_of_every_round_are_summed():
    def run(context):
        sample = Sample(1, 1, extra={"wrong_crc": 1, "errors": 2}, first_error="lost")
        return Outcome("x", "x", "", context.interleave({"arm": lambda: sample}))

    target = run_all(scenario("x", run))[-1].targets[0]
    assert target.value == {"wrong_crc": 2, "errors": 4} and not target.met


def test_order_of_the_report():
    assert sorted(["scale", "B10", "B9", "fairness"], key=report.natural) == ["B9", "B10", "fairness", "scale"]


def test_the_peak_of_a_client_is_its_own(context):
    mine = bytearray(200 << 20)
    sample = measure(lambda: context.start("client", PYTHON, "-c", 'print(\'{"seconds": 1, "bytes": 1}\')'), [])
    assert len(mine) > sample.rss["client"] > 0


def test_what_a_program_is_piped_arrives(context):
    client = context.start("client", PYTHON, "-c", "import json; print(json.dumps({'read': input()}))", stdin=True)
    client._popen.stdin.write(b"hello\n")
    client.close_stdin()
    assert client.result()["read"] == "hello"


def test_a_program_that_ended_by_itself_can_be_stopped(context):
    client = context.start("client", PYTHON, "-c", "print('over')")
    client.wait_line("over")
    os.waitid(os.P_PID, client.pid, os.WEXITED | os.WNOWAIT)
    assert client.stop() == 0

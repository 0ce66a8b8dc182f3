"""rclone's own suites against Penstock: every test passes, or expected.toml says why it does not."""
import os

import pytest

import counts
import scene
import suites

_ran = {}


@pytest.mark.parametrize("suite", suites.SUITES)
def test_suite(penstock, suite, remote):
    rclone = penstock.rclone()
    outcomes, printed = suites.run(suite, f"{remote}:{scene.BUCKET}", rclone.env)
    _ran[suite, remote] = outcomes
    (suites.SOURCE.parent / f"{suite}-{remote}.txt").write_text(printed)
    expected = suites.expectations(suite, remote)
    odd = {name: outcome for name, outcome in outcomes.items()
           if outcome.result != expected.get(name, suites.PASSES).result}
    assert not odd, f"see {suite}-{remote}.txt in {suites.SOURCE.parent}: {odd}"
    other = {name: (outcome.says, expected[name].says) for name, outcome in outcomes.items()
             if name in expected and expected[name].says not in outcome.says}
    assert not other, f"not for the reason that expected.toml has: {other}"
    gone = [name for name in expected if name not in outcomes]
    assert not gone, f"in expected.toml, but not in the suite: {gone}"


def test_docs_have_the_counts():
    if len(_ran) < 2 * len(suites.SUITES):
        pytest.skip("not all of the suites were run")
    if os.environ.get("PENSTOCK_WRITE_DOCS"):
        counts.write_docs(counts.table(_ran))
    assert counts.in_docs() == counts.table(_ran), "PENSTOCK_WRITE_DOCS=1 writes them anew"

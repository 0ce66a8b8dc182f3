import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import crash  # noqa: E402
from fixtures import ROOT, emulator, stubs, workspace  # noqa: E402,F401


@pytest.fixture
def scene(workspace, emulator, stubs):  # noqa: F811
    with crash.Scene(workspace, emulator, stubs) as made:
        yield made

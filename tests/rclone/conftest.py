import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import harness  # noqa: E402
import scene  # noqa: E402
from fixtures import stubs  # noqa: E402,F401


@pytest.fixture(scope="module")
def penstock():
    """A server with the remotes `disk` and `oss`, for all tests of a file."""
    with harness.Workspace() as workspace, scene.Scene(workspace) as made:
        yield made


@pytest.fixture(params=["disk", "oss"])
def remote(request):
    return request.param

"""Official SDKs of OSS as clients of the emulator. What they understand, and what they refuse, judges it."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import pytest  # noqa: E402

import harness  # noqa: E402
from sdk_common import Settings  # noqa: E402
from sdk_node import AliOss  # noqa: E402
from sdk_oss2 import Oss2  # noqa: E402
from sdk_v2 import OssV2  # noqa: E402

SDKS = [Oss2, OssV2, AliOss]
CNAME = "files.example.com"


def settings(emulator, **more):
    return Settings(**{"url": emulator.url, "bucket": harness.BUCKET, "key_id": harness.ACCESS_KEY_ID,
                       "secret": emulator.secret, "region": harness.REGION, **more})


@pytest.fixture(scope="session")
def emulator():
    with harness.Workspace() as workspace:
        with harness.Emulator(workspace, "--cname", f"{CNAME}={harness.BUCKET}") as made:
            yield made


@pytest.fixture(autouse=True)
def no_fault_is_left(request):
    yield
    if "emulator" in request.fixturenames:
        request.getfixturevalue("emulator").clear_faults()


@pytest.fixture(scope="session", params=[(sdk, version) for sdk in SDKS for version in ("v4", "v1")],
                ids=lambda p: f"{p[0].name}-{p[1]}")
def sdk(request, emulator):
    """Every SDK with every signature: one client for all cases."""
    made = request.param[0](settings(emulator, signature=request.param[1]))
    yield made
    made.close()


@pytest.fixture(scope="session", params=SDKS, ids=lambda p: p.name)
def sdk_v4(request, emulator):
    """Every SDK, for cases to which the signature does not matter."""
    made = request.param(settings(emulator))
    yield made
    made.close()


@pytest.fixture(params=SDKS, ids=lambda p: p.name)
def connect(request):
    """Makes clients of one SDK: connect(emulator, **settings)."""
    made = []

    def make(emulator, **more):
        made.append(request.param(settings(emulator, **more)))
        return made[-1]
    make.kind = request.param
    yield make
    for client in made:
        client.close()


_count = 0


@pytest.fixture
def prefix():
    """A prefix of keys that no other case uses."""
    global _count
    _count += 1
    return f"case-{_count}/"

import importlib
import pathlib
import subprocess
import sys

import pytest

import harness

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def workspace():
    with harness.Workspace() as made:
        yield made


@pytest.fixture
def emulator(workspace):
    with harness.Emulator(workspace) as made:
        yield made


@pytest.fixture(scope="session")
def stubs(tmp_path_factory):
    """Python's stubs of the contract: (put_pb2, put_pb2_grpc), and the folder they are in."""
    folder = tmp_path_factory.mktemp("stubs")
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", f"-I{ROOT}/proto", f"--python_out={folder}",
                    f"--grpc_python_out={folder}", "penstock/v1/object.proto", "penstock/v1/put.proto"],
                   check=True)
    sys.path.insert(0, str(folder))
    yield (importlib.import_module("penstock.v1.put_pb2"), importlib.import_module("penstock.v1.put_pb2_grpc"), folder)
    sys.path.remove(str(folder))

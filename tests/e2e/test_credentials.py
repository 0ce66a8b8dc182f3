"""Credentials that a service gives: they are fetched, used, and fetched again when OSS refuses them."""
import pytest

import cloud
import harness
from harness import BUCKET, MIB

TOKEN = "e2e-security-token"


@pytest.fixture
def setup():
    with harness.Workspace() as workspace:
        token_file = workspace.path / "token"
        token_file.write_text(TOKEN)
        with harness.Emulator(workspace, "--security-token-file", token_file) as emulator:
            yield workspace, emulator


def metadata_service(emulator, **more):
    return cloud.MetadataService(harness.ACCESS_KEY_ID, emulator.secret, TOKEN, **more)


def remote(emulator, metadata_url):
    return {"backend": "oss", "endpoint": emulator.url, "region": harness.REGION, "credentials": "ecs_ram_role",
            "metadata_endpoint": metadata_url}


def put(workspace, server, path, key):
    code, lines, errors = harness.run_cli(workspace, "put", path, f"oss:{BUCKET}/{key}", "--part-size", "1MiB", "--json",
                                          server=server)
    assert code == 0, errors
    return harness.events(lines)[-1]


def test_an_upload_with_the_role_of_the_instance(setup):
    workspace, emulator = setup
    path = workspace.file("source", 5 * MIB + 3)
    with metadata_service(emulator) as metadata, harness.Server(workspace, {"oss": remote(emulator, metadata.url)}) as server:
        done = put(workspace, server, path, "by-role")
        assert metadata.requests() == ["PUT /latest/api/token 200", f"GET {cloud.ROLES} 200",
                                       f"GET {cloud.ROLES}{cloud.ROLE} 200"]
        assert TOKEN not in server.log() and emulator.secret not in server.log()
    assert done["object"]["key"] == "by-role"


def test_a_refused_token_is_fetched_again(setup):
    workspace, emulator = setup
    path = workspace.file("source", 5 * MIB + 3)
    with metadata_service(emulator) as metadata, harness.Server(workspace, {"oss": remote(emulator, metadata.url)}) as server:
        emulator.add_fault("UploadPart", "error", status=403, code="SecurityTokenExpired", skip=2)
        put(workspace, server, path, "renewed")
        given = [request for request in metadata.requests() if request.endswith(f"{cloud.ROLE} 200")]
        assert len(given) == 2, metadata.requests()


def test_the_server_starts_before_the_metadata_service(setup):
    workspace, emulator = setup
    path = workspace.file("source", 2 * MIB)
    port = harness.free_port()
    options = remote(emulator, f"http://127.0.0.1:{port}")
    with harness.Server(workspace, {"oss": options}) as server:
        target = f"oss:{BUCKET}/late"
        with harness.cli(workspace, "put", path, target, "--json", server=server) as process:
            server.process.wait_error("credentials not fetched")
            with metadata_service(emulator, port=port):
                assert process.wait() == 0, process.stderr()
    assert f"http://127.0.0.1:{port}" in server.log()


def test_a_configuration_that_cannot_work_is_refused_at_the_start(setup):
    workspace, emulator = setup
    options = {**remote(emulator, "http://127.0.0.1:1"), "credentials": "oidc"}
    server = harness.Server(workspace, {"oss": options})
    process = harness.Process([harness.BIN / "penstockd", "--config", server.config])
    assert process.wait() != 0
    assert "oidc_role_arn" in process.stderr()

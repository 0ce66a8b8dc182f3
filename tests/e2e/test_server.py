"""penstockd as an operator meets it: configuration, addresses, health, reflection, a port that is taken."""
import subprocess

import grpc
import pytest

import harness
import rpc
from conftest import ROOT

BUF = ROOT / ".cache" / "npm" / "node_modules" / ".bin" / "buf"


def run_server(*arguments):
    result = subprocess.run([harness.BIN / "penstockd", *arguments], capture_output=True, text=True, timeout=60)
    return result.returncode, result.stdout, result.stderr


def test_print_config_fills_in_defaults_and_reads_back(workspace):
    server = harness.Server(workspace, {"disk": harness.local_remote(workspace)})
    code, printed, _ = run_server("--config", server.config, "--print-config")
    assert code == 0
    assert 'memory_budget = "2GiB"' in printed and "[remotes.disk]" in printed
    again = workspace.path / "again.toml"
    again.write_text(printed)
    assert run_server("--config", again, "--print-config") == (0, printed, "")


def test_print_config_shows_no_secret(workspace, emulator):
    server = harness.Server(workspace, {"oss": emulator.remote()})
    code, printed, _ = run_server("--config", server.config, "--print-config")
    assert code == 0 and workspace.secret().read_text() not in printed


@pytest.mark.parametrize("text,expected", [
    ("[server]\nlisten_on = 1\n", ":2:1: `server.listen_on` is unknown here"),
    ("[server]\nlisten = [\"10.0.0.1:7070\"]\n", "other machines could reach it in plaintext"),
    ("[remotes.x]\nbackend = \"ftp\"\n", "unknown backend \"ftp\""),
    ("[remotes.x]\nbackend = \"local\"\nrot = \"/\"\n", "option \"rot\" is unknown"),
    ("[remotes.x]\nbackend = \"oss\"\nregion = \"oss-cn-hangzhou\"\n", "cn-hangzhou"),
])
def test_bad_configuration_says_what_and_where(workspace, text, expected):
    config = workspace.path / "bad.toml"
    local = f"[remotes.disk]\nbackend = \"local\"\nroot = \"{workspace.path}\"\n"
    config.write_text(text + f"[store]\npath = \"{workspace.path}/s.db\"\n" + local)
    code, _, errors = run_server("--config", config)
    assert code == 1 and expected in errors, errors


def test_needs_dev_or_a_configuration():
    code, _, errors = run_server()
    assert code == 2 and "--config" in errors


def test_second_server_on_the_same_port_is_refused(workspace):
    remotes = {"disk": harness.local_remote(workspace)}
    port = harness.free_port()
    with harness.Workspace() as other:
        with harness.Server(workspace, remotes, {"listen": [f"127.0.0.1:{port}"]}):
            second = harness.Server(other, remotes, {"listen": [f"127.0.0.1:{port}"]})
            code, _, errors = run_server("--config", second.config)
            assert code == 1 and "ADDRESS_IN_USE" in errors, errors


def test_second_server_on_the_same_socket_or_store_is_refused(workspace):
    remotes = {"disk": harness.local_remote(workspace)}
    with harness.Server(workspace, remotes) as first, harness.Workspace() as other:
        second = harness.Server(other, remotes, {"listen": [first.address]})
        code, _, errors = run_server("--config", second.config)
        assert code == 1 and "ADDRESS_IN_USE" in errors, errors
        third = harness.Server(workspace, remotes, name="third")
        code, _, errors = run_server("--config", third.config)
        assert code == 1 and "STORE_IN_USE" in errors, errors
        assert first.process.running()


def test_several_listeners_serve_the_same_sessions(workspace, stubs):
    port = harness.free_port()
    server = harness.Server(workspace, {"disk": harness.local_remote(workspace)})
    server.config.write_text(server.config.read_text().replace(
        f'["{server.address}"]', f'["{server.address}", "127.0.0.1:{port}"]'))
    token = "two-listeners-0123456789"
    with server, rpc.Client(stubs, server.address) as one, rpc.Client(stubs, f"127.0.0.1:{port}") as two:
        one.put([one.open(token, "disk", harness.BUCKET, "k"), one.chunk(0, b"abc"), one.finish(3)])
        assert two.session(token).result.size == 3


def curl(server, method):
    return subprocess.run([BUF, "curl", "--protocol", "grpc", "--http2-prior-knowledge", "--unix-socket",
                           server.socket, f"http://localhost/{method}"], capture_output=True, text=True, timeout=60,
                          cwd=server.config.parent)


def test_health_and_reflection(workspace):
    with harness.Server(workspace, {"disk": harness.local_remote(workspace)}) as server:
        health = curl(server, "grpc.health.v1.Health/Check")
        assert "SERVING" in health.stdout, health.stderr
        remotes = curl(server, "penstock.v1.PutService/ListRemotes")
        assert '"disk"' in remotes.stdout and "maxUnknownLength" in remotes.stdout, remotes.stderr


def test_listing_pages_through_sessions(workspace, stubs):
    with harness.Server(workspace, {"disk": harness.local_remote(workspace)}) as server:
        with rpc.Client(stubs, server.address) as client:
            pb = client.pb
            for i in range(25):
                client.put([client.open(f"listed-token-0123456789-{i}", "disk", harness.BUCKET, f"k/{i % 2}/{i}"),
                            client.chunk(0, b"x"), client.finish(1)])
            seen, page = [], ""
            while True:
                answer = client.call("ListSessions", pb.ListSessionsRequest(page_size=10, page_token=page))
                seen += [s.session_id for s in answer.sessions]
                assert all(s.session_token == "" for s in answer.sessions)
                page = answer.next_page_token
                if not page:
                    break
            assert len(seen) == len(set(seen)) == 25
            some = client.call("ListSessions", pb.ListSessionsRequest(key_prefix="k/1/", remote="disk"))
            assert len(some.sessions) == 12
            done = client.call("ListSessions", pb.ListSessionsRequest(states=[pb.Session.STATE_OPEN]))
            assert not done.sessions


def test_logs_hold_neither_tokens_nor_payload(workspace, emulator, stubs):
    token = "log-token-must-not-appear"
    with harness.Server(workspace, {"oss": emulator.remote()}) as server:
        with rpc.Client(stubs, server.address) as client:
            client.put([client.open(token, "oss", harness.BUCKET, "k"), client.chunk(0, b"payload-secret"),
                        client.finish(14)])
        assert server.stop() == 0
        log = server.log()
    assert "object finished" in log and '"session_id"' in log
    for secret in (token, "payload-secret", workspace.secret().read_text()):
        assert secret not in log


def test_no_process_arguments_or_store_hold_the_token(workspace, stubs):
    token = "store-token-must-not-appear"
    with harness.Server(workspace, {"disk": harness.local_remote(workspace)}) as server:
        with rpc.Client(stubs, server.address) as client:
            with pytest.raises(rpc.Failure):
                client.put([client.open(token, "disk", harness.BUCKET, "k", spec={"part_size": 1 << 20}),
                            client.chunk(0, b"x" * (1 << 20))])
        server.stop()
    for file in workspace.path.glob("sessions.db*"):
        assert token.encode() not in file.read_bytes()
        assert file.stat().st_mode & 0o077 == 0, file


def test_unknown_method_is_unimplemented(workspace):
    with harness.Server(workspace, {"disk": harness.local_remote(workspace)}) as server:
        with grpc.insecure_channel(server.address) as channel:
            with pytest.raises(grpc.RpcError) as caught:
                channel.unary_unary("/penstock.v1.PutService/Nothing")(b"")
            assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED

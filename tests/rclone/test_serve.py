"""rclone as a gateway: objects of Penstock over HTTP and WebDAV."""
import contextlib
import http.client
import random

import pytest

import harness
from harness import BUCKET, MIB


@contextlib.contextmanager
def served(penstock, protocol, remote):
    """`rclone serve`, and a connection to it."""
    address = f"127.0.0.1:{harness.free_port()}"
    arguments = ["serve", protocol, f"{remote}:{BUCKET}/{protocol}", "--addr", address, "-v"]
    with penstock.rclone().start(*arguments) as server:
        server.wait_error(lambda line: "http://" in line)
        connection = http.client.HTTPConnection(address, timeout=60)
        with contextlib.closing(connection):
            yield connection


def request(connection, method, path, body=None, headers=None):
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    return response.status, response.read()


@pytest.fixture(scope="module")
def data():
    return random.Random(6).randbytes(9 * MIB + 5)


def test_objects_are_read_over_http(penstock, remote, data):
    source = penstock.workspace.path / f"http-{remote}"
    source.write_bytes(data)
    penstock.rclone().run("copyto", source, f"{remote}:{BUCKET}/http/folder/some file")
    with served(penstock, "http", remote) as connection:
        assert request(connection, "GET", "/folder/some%20file") == (200, data)
        middle = {"Range": f"bytes={5 * MIB}-{6 * MIB + 9}"}
        assert request(connection, "GET", "/folder/some%20file", headers=middle) == (206, data[5 * MIB:6 * MIB + 10])
        assert request(connection, "GET", "/folder/some%20file", headers={"Range": "bytes=-77"}) == (206, data[-77:])
        status, listing = request(connection, "GET", "/folder/")
        assert status == 200 and b"some file" in listing
        assert request(connection, "GET", "/folder/none")[0] == 404


def test_objects_are_written_read_and_deleted_over_webdav(penstock, remote, data):
    with served(penstock, "webdav", remote) as connection:
        assert request(connection, "PUT", "/put.bin", data)[0] == 201
        assert request(connection, "GET", "/put.bin") == (200, data)
        status, listing = request(connection, "PROPFIND", "/", headers={"Depth": "1"})
        assert status == 207 and b"put.bin" in listing and str(len(data)).encode() in listing
        assert request(connection, "DELETE", "/put.bin")[0] == 204
        assert request(connection, "GET", "/put.bin")[0] == 404
    assert penstock.rclone().run("lsf", f"{remote}:{BUCKET}/webdav")[0] == b""

"""Callbacks: the application's answer is the reply, and a failure leaves the object where it is."""
import base64
import http.server
import json
import threading
import urllib.parse

import pytest

from sdk_common import SdkError


class Application(http.server.ThreadingHTTPServer):
    """What OSS calls. `requests` are the bodies that came."""

    def __init__(self, status, answer):
        self.requests = []
        application = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                application.requests.append((self.path, self.headers["Content-Type"], body))
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass
        super().__init__(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self.serve_forever)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self._thread.join()
        self.server_close()

    def headers(self, **more):
        """What asks OSS to call this."""
        callback = {"callbackUrl": f"http://127.0.0.1:{self.server_port}/told?x=y", **more}
        return {"x-oss-callback": encoded(callback), "x-oss-callback-var": encoded({"x:who": "a b&c"})}


def encoded(value):
    return base64.b64encode(json.dumps(value).encode()).decode()


FORM = {"callbackBody": "bucket=${bucket}&key=${object}&size=${size}&who=${x:who}"}
JSON = {"callbackBody": '{"key":${object},"size":${size},"etag":${etag},"who":${x:who}}',
        "callbackBodyType": "application/json"}


def test_the_application_is_called(sdk_v4, prefix):
    with Application(200, b'{"Status": "OK"}') as application:
        told = sdk_v4.put(prefix + "ü a", b"hello", headers=application.headers(**FORM))
        assert told["etag"] == '"5D41402ABC4B2A76B9719D911017C592"'
        [(path, kind, body)] = application.requests
        assert path == "/told?x=y" and kind == "application/x-www-form-urlencoded"
        assert urllib.parse.parse_qs(body) == {"bucket": ["e2e-bucket"], "key": [prefix + "ü a"], "size": ["5"],
                                               "who": ["a b&c"]}


def test_completion_calls_too(sdk_v4, prefix):
    with Application(200, b'{"Status": "OK"}') as application:
        upload = sdk_v4.initiate(prefix + "a")
        parts = [(1, sdk_v4.upload_part(prefix + "a", upload, 1, b"hello"))]
        told = sdk_v4.complete(prefix + "a", upload, parts, headers=application.headers(**JSON))
        [(_, kind, body)] = application.requests
        assert kind == "application/json"
        assert json.loads(body) == {"key": prefix + "a", "size": 5, "etag": told["etag"].strip('"'), "who": "a b&c"}


@pytest.mark.parametrize("status,answer", [(500, b"{}"), (200, b"no JSON")])
def test_a_failure_leaves_the_object(sdk_v4, emulator, prefix, status, answer):
    with Application(status, answer) as application:
        since = emulator.position()
        try:
            sdk_v4.put(prefix + "a", b"hello", headers=application.headers(**FORM))
        except SdkError as error:  # oss2 takes every 2xx for a success
            assert (error.status, error.code) == (203, "CallbackFailed")
        assert len(application.requests) == 1
    [entry] = [e for e in emulator.journal(since) if e["key"] == prefix + "a"]
    assert (entry["status"], entry["code"]) == (203, "CallbackFailed")
    assert entry["effect"] == "stored an object of 5 bytes"
    assert sdk_v4.get(prefix + "a")[1] == b"hello"


def test_nobody_else_is_called(sdk_v4, prefix):
    headers = {"x-oss-callback": encoded({"callbackUrl": "http://192.0.2.1/", **FORM})}
    with pytest.raises(SdkError) as refused:
        sdk_v4.put(prefix + "a", b"hello", headers=headers)
    assert (refused.value.status, refused.value.code) == (501, "NotImplemented")
    with pytest.raises(SdkError) as refused:
        sdk_v4.get(prefix + "a")
    assert refused.value.status == 404

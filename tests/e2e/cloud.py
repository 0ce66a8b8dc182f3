"""A stand-in of the metadata service of an ECS instance, in hardened mode."""
import datetime
import http.server
import json
import threading

ROLE = "e2e-role"
ROLES = "/latest/meta-data/ram/security-credentials/"


class MetadataService:
    """Gives away one set of credentials, to those who ask with a token."""

    def __init__(self, access_key_id, secret, token, port=0, life=datetime.timedelta(hours=1)):
        self._credentials = {"AccessKeyId": access_key_id, "AccessKeySecret": secret, "SecurityToken": token}
        self._life = life
        self._lock = threading.Lock()
        self._requests = []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self.url = "http://127.0.0.1:%d" % self._server.server_address[1]

    def requests(self):
        """What was asked so far, as "GET /path 200"."""
        with self._lock:
            return list(self._requests)

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, method, path, headers):
        if method == "PUT":
            good = path == "/latest/api/token" and headers.get("X-aliyun-ecs-metadata-token-ttl-seconds") == "21600"
            return (200, "metadata-token") if good else (400, "")
        if headers.get("X-aliyun-ecs-metadata-token") != "metadata-token":
            return 403, ""
        if path == ROLES:
            return 200, ROLE
        if path != ROLES + ROLE:
            return 404, ""
        end = datetime.datetime.now(datetime.timezone.utc) + self._life
        return 200, json.dumps({"Code": "Success", **self._credentials, "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ")})

    def _handler(service):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self):
                status, text = service._answer(self.command, self.path, self.headers)
                with service._lock:
                    service._requests.append(f"{self.command} {self.path} {status}")
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_PUT = _serve

            def log_message(self, *_):
                pass

        return Handler

"""PutObject by hand: frames in, answers or a decoded error out."""
import dataclasses
import importlib
import queue
import threading
import unittest.mock

import grpc

ANY = unittest.mock.ANY
MIB = 1 << 20


@dataclasses.dataclass
class Failure(Exception):
    """A call that ended with an error: what `grpc-status-details-bin` says of it."""
    code: grpc.StatusCode
    reason: str
    message: str
    metadata: dict
    retry_delay: float | None  # seconds; None when opening again does not help
    responses: list

    def __str__(self):  # Exception's own tells of the arguments of the constructor
        return repr(self)


def varint(data, at):
    value, shift = 0, 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    """The fields of a protobuf message: Python's registry has no google.rpc details here, and needs none."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 2:
            size, at = varint(data, at)
            yield tag >> 3, data[at:at + size]
            at += size
        else:
            value, at = varint(data, at)
            yield tag >> 3, value


def decode_failure(error, responses=()):
    failure = Failure(error.code(), "", error.details(), {}, None, list(responses))
    details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    assert len(details) <= 4096, len(details)
    for number, any_message in fields(details):
        if number != 3:
            continue
        packed = dict(fields(any_message))
        url, value = packed[1].decode(), packed.get(2, b"")
        if url.endswith("google.rpc.ErrorInfo"):
            for field, content in fields(value):
                if field == 1:
                    failure.reason = content.decode()
                elif field == 3:
                    entry = dict(fields(content))
                    failure.metadata[entry.get(1, b"").decode()] = entry.get(2, b"").decode()
        elif url.endswith("google.rpc.RetryInfo"):
            delay = dict(fields(dict(fields(value)).get(1, b"")))
            failure.retry_delay = delay.get(1, 0) + delay.get(2, 0) / 1e9
    return failure


class Client:
    """A channel to one server, with its frames as short functions."""

    def __init__(self, stubs, address, options=()):
        self.pb, grpc_stubs, _ = stubs
        # A connection of its own: one that is shared may still be about to find out that its server is gone.
        self.channel = grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0),
                                                               ("grpc.use_local_subchannel_pool", 1), *options])
        self.stub = grpc_stubs.PutServiceStub(self.channel)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def open(self, token, remote=None, bucket=None, key=None, spec=None, **more):
        frame = self.pb.OpenSession(session_token=token, **more)
        if remote is not None:
            frame.object.CopyFrom(self.pb.ObjectSpec(remote=remote, bucket=bucket, key=key, **(spec or {})))
        return self.pb.PutObjectRequest(open=frame)

    def chunk(self, offset, data, **more):
        return self.pb.PutObjectRequest(chunk=self.pb.ObjectChunk(offset=offset, data=data, **more))

    def chunks(self, data, offset=0):
        return [self.chunk(at, data[at:at + MIB]) for at in range(offset, len(data), MIB)]

    def finish(self, size=None, crc64=None):
        frame = self.pb.FinishObject()
        if size is not None:
            frame.total_size = size
        if crc64 is not None:
            frame.crc64_ecma = crc64
        return self.pb.PutObjectRequest(finish=frame)

    def put(self, frames, timeout=60):
        """Sends the frames and half-closes; returns the answers, or raises Failure."""
        responses = []
        try:
            for response in self.stub.PutObject(iter(frames), timeout=timeout):
                responses.append(response)
        except grpc.RpcError as error:
            raise decode_failure(error, responses) from None
        return responses

    def put_finished(self, frames):
        return self.put(frames)[-1].finished

    def call(self, method, request):
        try:
            return getattr(self.stub, method)(request, timeout=60)
        except grpc.RpcError as error:
            raise decode_failure(error) from None

    def session(self, token):
        return self.call("GetSession", self.pb.GetSessionRequest(session_token=token)).session

    def flush(self):
        return self.pb.PutObjectRequest(flush=self.pb.FlushSession())


class LiveStream:
    """A stream whose frames the test sends one by one."""

    def __init__(self, client):
        self.frames = queue.Queue()
        self.responses = []
        self.failure = None
        self._ended = False
        self._arrived = threading.Condition()
        # A test that fails in between never says that the frames have ended: the call does, in the end.
        self.call = client.stub.PutObject(iter(self.frames.get, None), timeout=300)
        self.call.add_callback(lambda: self.frames.put(None))
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def send(self, *frames):
        for frame in frames:
            self.frames.put(frame)

    def _read(self):
        try:
            for response in self.call:
                with self._arrived:
                    self.responses.append(response)
                    self._arrived.notify_all()
        except grpc.RpcError as error:
            self.failure = decode_failure(error, self.responses)
        with self._arrived:
            self._ended = True
            self._arrived.notify_all()

    def first(self, wanted, timeout=60):
        """The first response for which `wanted` holds; None when the stream ended without one."""
        with self._arrived:
            self._arrived.wait_for(lambda: self._ended or any(wanted(r) for r in self.responses), timeout)
            return next((r for r in self.responses if wanted(r)), None)

    def wait(self, wanted, timeout=60):
        """The same, when there must be one."""
        found = self.first(wanted, timeout)
        assert found is not None, (self.responses, self.failure)
        return found

    def join(self):
        self._thread.join(60)
        self.frames.put(None)
        assert not self._thread.is_alive()

    def opened(self):
        """The answer to `open`."""
        self.wait(lambda r: r.HasField("opened"))
        return self.responses[0].opened

    def wait_received(self, size):
        self.wait(lambda r: r.HasField("progress") and r.progress.received_size >= size)

    def wait_committed(self, size):
        self.wait(lambda r: r.HasField("progress") and r.progress.committed_size >= size)

    def cancel(self):
        """Resets the stream, and waits until that is done on this side."""
        self.call.cancel()
        self.join()


class Objects:
    """ObjectService as short functions, for one bucket of a remote."""

    def __init__(self, client, remote, bucket):
        self.client, self.remote, self.bucket = client, remote, bucket
        self.pb = importlib.import_module("penstock.v1.object_pb2")
        self.stub = importlib.import_module("penstock.v1.object_pb2_grpc").ObjectServiceStub(client.channel)
        self._puts = 0

    def name(self, key):
        return self.pb.ObjectName(remote=self.remote, bucket=self.bucket, key=key)

    def call(self, method, request):
        try:
            return getattr(self.stub, method)(request, timeout=60)
        except grpc.RpcError as error:
            raise decode_failure(error) from None

    def put(self, key, data, spec=None, token=None):
        """Puts an object through PutService; returns its `finished`."""
        self._puts += 1
        client = self.client
        frame = client.open(token or f"token-of-{id(self)}-{self._puts:08}", self.remote, self.bucket, key, spec)
        return client.put_finished([frame, *client.chunks(data), client.finish(len(data))])

    def stat(self, key):
        return self.call("StatObject", self.pb.StatObjectRequest(object=self.name(key))).object

    def begin_read(self, key, offset=0, length=None, if_match=""):
        request = self.pb.ReadObjectRequest(object=self.name(key), offset=offset, if_match=if_match)
        if length is not None:
            request.length = length
        return self.stub.ReadObject(request, timeout=120)

    def read(self, key, offset=0, length=None, if_match=""):
        """(the frame `opened`, the bytes); checks that the chunks fit together."""
        opened, data = None, []
        at = 0
        try:
            for response in self.begin_read(key, offset, length, if_match):
                if response.HasField("opened"):
                    opened = response.opened
                    at = opened.offset
                    continue
                assert response.chunk.offset == at and 0 < len(response.chunk.data) <= MIB
                at += len(response.chunk.data)
                data.append(response.chunk.data)
        except grpc.RpcError as error:
            raise decode_failure(error, data) from None
        assert at == opened.offset + opened.length
        return opened, b"".join(data)

    def list(self, **query):
        return self.call("ListObjects", self.pb.ListObjectsRequest(remote=self.remote, bucket=self.bucket, **query))

    def names(self, **query):
        """The keys of all pages, and the prefixes in angle brackets, in their order."""
        found, token = [], ""
        while True:
            page = self.list(page_token=token, **query)
            found += [(o.object.key, o.object.key) for o in page.objects] + [(p, f"<{p}>") for p in page.prefixes]
            token = page.next_page_token
            if not token:
                return [shown for name, shown in sorted(found, key=lambda entry: entry[0].encode())]

    def delete(self, key):
        self.call("DeleteObject", self.pb.DeleteObjectRequest(object=self.name(key)))

    def delete_many(self, keys):
        request = self.pb.DeleteObjectsRequest(remote=self.remote, bucket=self.bucket, keys=keys)
        return list(self.call("DeleteObjects", request).failures)

    def copy(self, source, target, if_match="", attributes=None):
        request = self.pb.CopyObjectRequest(source=self.name(source), target=self.name(target), if_match=if_match)
        if attributes is not None:
            request.attributes.CopyFrom(self.pb.ObjectAttributes(**attributes))
        return self.call("CopyObject", request).object

    def update(self, key, attributes, if_match=""):
        request = self.pb.UpdateObjectMetadataRequest(object=self.name(key), if_match=if_match,
                                                      attributes=self.pb.ObjectAttributes(**attributes))
        return self.call("UpdateObjectMetadata", request).object

    def buckets(self):
        return list(self.call("ListBuckets", self.pb.ListBucketsRequest(remote=self.remote)).buckets)

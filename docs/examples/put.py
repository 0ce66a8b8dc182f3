"""The simplest Penstock client: PENSTOCK_TOKEN=... python put.py SERVER FILE REMOTE BUCKET KEY

It sends `open`, every chunk from offset 0 and `finish`, and reads nothing before. Run it again with the same token
after any failure: what the server already has is skipped. Stubs: python -m grpc_tools.protoc (see docs/clients.md).
"""
import os
import sys

import grpc
from penstock.v1 import put_pb2 as pb
from penstock.v1 import put_pb2_grpc


def frames(path, remote, bucket, key):
    spec = pb.ObjectSpec(remote=remote, bucket=bucket, key=key)
    yield pb.PutObjectRequest(open=pb.OpenSession(session_token=os.environ["PENSTOCK_TOKEN"], object=spec))
    offset = 0
    with open(path, "rb") as file:
        while data := file.read(1 << 20):
            yield pb.PutObjectRequest(chunk=pb.ObjectChunk(offset=offset, data=data))
            offset += len(data)
    yield pb.PutObjectRequest(finish=pb.FinishObject(total_size=offset))


def main(server, *what):
    with grpc.insecure_channel(server) as channel:
        for response in put_pb2_grpc.PutServiceStub(channel).PutObject(frames(*what)):
            if response.HasField("finished"):
                print(f"{response.finished.object.size} bytes, CRC-64 {response.finished.object.crc64_ecma:016x}")


if __name__ == "__main__":
    main(*sys.argv[1:])

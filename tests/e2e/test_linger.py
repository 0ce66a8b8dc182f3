"""What a server holds of a lost stream: the same process goes on with it, another one at the committed size."""
import os
import random

import harness
import proxies
import rpc

KIB = 1 << 10
MIB = harness.MIB
QUICK = {"progress_interval": "100ms"}
TOKEN = "linger-token-0123456789"


def broken_after(client, data):
    """A stream that sent `data`, of which the server has every byte, and was then reset."""
    stream = rpc.LiveStream(client)
    stream.send(client.open(TOKEN, "oss", harness.BUCKET, "k"), *client.chunks(data))
    stream.wait_received(len(data))
    stream.cancel()
    return stream


def test_same_server_goes_on_at_what_it_received(workspace, emulator, stubs):
    data = random.Random(1).randbytes(10 * MIB + 300)
    first = 9 * MIB + 77  # a part, and some of the next one
    server = harness.Server(workspace, {"oss": emulator.remote()}, QUICK)
    with server, rpc.Client(stubs, server.address) as client:
        before = broken_after(client, data[:first]).responses[0].opened
        stream = rpc.LiveStream(client)
        stream.send(client.open(TOKEN, expect_epoch=before.session.epoch))
        opened = stream.opened()
        assert opened.resume_offset == first
        assert opened.session.committed_size in (0, 8 * MIB)  # the part may still be on its way
        assert opened.session.epoch > before.session.epoch
        assert opened.session.session_id == before.session.session_id
        stream.send(*client.chunks(data, first), client.finish(len(data)))
        stream.join()
        assert stream.responses[-1].finished.object.size == len(data)
    assert emulator.read("k") == data


def test_session_without_a_record_lingers_too(workspace, emulator, stubs):
    data = random.Random(2).randbytes(300 * KIB)
    server = harness.Server(workspace, {"oss": emulator.remote()}, QUICK)
    with server, rpc.Client(stubs, server.address) as client:
        broken_after(client, data[:200 * KIB])
        stream = rpc.LiveStream(client)
        stream.send(client.open(TOKEN, "oss", harness.BUCKET, "k"))
        assert stream.opened().resume_offset == 200 * KIB
        stream.send(client.chunk(200 * KIB, data[200 * KIB:]), client.finish(len(data)))
        stream.join()
        assert stream.responses[-1].finished.object.size == len(data)
    assert emulator.read("k") == data
    assert [e["operation"] for e in emulator.journal() if e["operation"].startswith("Put")] == ["PutObject"]


def test_another_process_goes_on_at_the_committed_size(workspace, emulator, stubs):
    data = random.Random(3).randbytes(9 * MIB)
    server = harness.Server(workspace, {"oss": emulator.remote()}, QUICK)
    with server, rpc.Client(stubs, server.address) as client:
        stream = rpc.LiveStream(client)
        stream.send(client.open(TOKEN, "oss", harness.BUCKET, "k"), *client.chunks(data))
        stream.wait_received(len(data))
        stream.wait_committed(8 * MIB)
        server.kill()
        stream.join()
    with server, rpc.Client(stubs, server.address) as client:
        stream = rpc.LiveStream(client)
        stream.send(client.open(TOKEN))
        opened = stream.opened()
        assert (opened.resume_offset, opened.session.committed_size) == (8 * MIB, 8 * MIB)
        stream.send(*client.chunks(data, 8 * MIB), client.finish(len(data)))
        stream.join()
    assert emulator.read("k") == data


def test_nothing_lingers_where_it_is_turned_off(workspace, emulator, stubs):
    server = harness.Server(workspace, {"oss": emulator.remote()}, QUICK, sessions={"linger": "0"})
    with server, rpc.Client(stubs, server.address) as client:
        data = random.Random(4).randbytes(9 * MIB)
        stream = rpc.LiveStream(client)
        stream.send(client.open(TOKEN, "oss", harness.BUCKET, "k"), *client.chunks(data))
        stream.wait_received(len(data))
        stream.wait_committed(8 * MIB)
        stream.cancel()
        while client.session(TOKEN).connected:
            pass  # until then the new stream would take the place of the old one
        stream = rpc.LiveStream(client)
        stream.send(client.open(TOKEN))
        opened = stream.opened()
        assert opened.resume_offset == opened.session.committed_size == 8 * MIB
        stream.cancel()


class PipedPut:
    """`penstock put -` through a proxy, and the end of the pipe to write to."""

    def __init__(self, workspace, proxy):
        end, write = os.pipe()
        self.pipe = os.fdopen(write, "wb", buffering=0)
        with os.fdopen(end, "rb") as stdin:
            self.process = harness.cli(workspace, "put", "-", f"oss:{harness.BUCKET}/k", "--json", "--server",
                                       proxy.address, env={"PENSTOCK_TOKEN": TOKEN}, stdin=stdin)

    def wait_for(self, event, **least):
        def matches(line):
            told = harness.events([line])[0]
            return told["event"] == event and all(told[name] >= value for name, value in least.items())
        return harness.events([self.process.wait_line(matches)])[0]

    def done(self):
        self.pipe.close()
        assert self.process.wait() == 0, self.process.stderr()
        return harness.events(self.process)[-1]


def test_client_that_loses_its_connection_sends_nothing_twice(workspace, emulator):
    data = random.Random(5).randbytes(9 * MIB + 11)
    first = 8 * MIB + 500
    tcp = {**QUICK, "listen": ["127.0.0.1:0"]}
    with harness.Server(workspace, {"oss": emulator.remote()}, tcp) as server, \
            proxies.Proxy(server.process.lines[0].split()[-1]) as proxy:
        put = PipedPut(workspace, proxy)
        with put.process:
            put.pipe.write(data[:first])
            put.wait_for("progress", received_size=first)
            proxy.break_connections()
            assert put.wait_for("resume")["resume_offset"] == first
            put.pipe.write(data[first:])
            done = put.done()
        assert proxy.connections >= 2
        assert (done["size"], done["bytes_sent"]) == (len(data), len(data))
    assert emulator.read("k") == data


def test_client_whose_server_dies_sends_what_was_not_committed(workspace, emulator):
    data = random.Random(6).randbytes(9 * MIB + 11)
    first = 8 * MIB + 500
    port = harness.free_port()
    server = harness.Server(workspace, {"oss": emulator.remote()}, {**QUICK, "listen": [f"127.0.0.1:{port}"]})
    with server, proxies.Proxy(f"127.0.0.1:{port}") as proxy:
        put = PipedPut(workspace, proxy)
        with put.process:
            put.pipe.write(data[:first])
            put.wait_for("progress", received_size=first, committed_size=8 * MIB)
            server.kill()
            server.start()
            assert put.wait_for("resume")["resume_offset"] == 8 * MIB
            put.pipe.write(data[first:])
            done = put.done()
        assert (done["size"], done["bytes_sent"]) == (len(data), len(data) + first - 8 * MIB)
    assert emulator.read("k") == data

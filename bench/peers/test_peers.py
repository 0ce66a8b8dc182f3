"""The frame of the peers, with Penstock and the floor: what the other peers need is not built for tests."""

import contextlib
import os
import pathlib
import socket
import threading

import pytest

from bench.harness.context import Context
from bench.harness.model import MIB, Sample
from bench.peers import compare, verdict
from bench.peers.counting import CountingRelay
from bench.peers.floor import Curl
from bench.peers.peer import Peer
from bench.peers.penstock import Penstock
from bench.peers.rounds import Round
from bench.peers.stage import Command
from bench.peers.stores import EmulatorMaker
from bench.peers.verdict import Row

BUILD = pathlib.Path(os.environ.get("PENSTOCK_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build/release"))
SIZE = 16 * MIB


@pytest.fixture
def context(tmp_path):
    with Context(tmp_path, "tiny", 1, build=BUILD, say=lambda _: None) as context:
        yield context


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file.bin"
    path.write_bytes(os.urandom(SIZE))
    return path


class Broken(Peer):
    """Says what hurts, and fails."""

    name, store = "broken", "oss-emulator"

    def missing(self):
        return ""

    def put_files(self, stage, target, files, parallel):
        return [Command(["/bin/sh", "-c", "echo out of luck >&2; exit 3"])]

    put_pipe = put_files


class Forgetful(Broken):
    """Stores nothing, and says that all is well."""

    name = "forgetful"

    def put_files(self, stage, target, files, parallel):
        return [Command(["true"])]


def arm(context, peer):
    return compare.Arm(peer, EmulatorMaker(context))


def test_penstock_puts_pipes_and_resumes(context, file):
    round = Round(context, Penstock(context), EmulatorMaker(context), [file], check=True)
    for sample in (round.put(), round.pipe(), round.resume()):
        assert sample.bytes == SIZE and sample.seconds > 0
        assert sample.cpu.keys() == sample.rss.keys() == {"client", "server", "store"}
        assert sample.extra["wrong_crc"] == 0
    # The server lived on with what it had received: all that passed beyond the file is headers.
    assert 0 < sample.extra["again_to_store"] < SIZE / 100


@pytest.mark.skipif(bool(Curl(None, "").missing()), reason="no curl")
def test_the_floor_puts_many_at_a_time(context, file, tmp_path):
    other = tmp_path / "other.bin"
    other.write_bytes(b"small")
    sample = Round(
        context, Curl(context, "oss-emulator"), EmulatorMaker(context), [file, other], parallel=2, check=True
    ).put()
    assert sample.cpu.keys() == {"client", "store"}


def test_peers_that_fail_or_store_nothing_are_told_in_their_rows(context, file):
    arms = [arm(context, Broken(context)), arm(context, Forgetful(context))]
    compare._turns(context, arms, compare.Work("put", [SIZE]), [file])
    assert "ended with 3" in arms[0].trouble and "out of luck" in arms[0].trouble
    assert arms[1].trouble.startswith("failed: file.bin is not there: 404")
    rows = [Row(each.peer.name, each.peer.store, each.peer.role, each.trouble, each.samples) for each in arms]
    assert "out of luck" in verdict.text(rows, "put")


def test_losses_follow_from_the_figures():
    def row(name, role, *seconds):
        return Row(
            name,
            "oss-emulator",
            role,
            "",
            [Sample(each, 1000, {"client": 1, "store": 9}, {"client": MIB}) for each in seconds],
        )

    rows = [
        row("curl", "floor", 1, 1, 2),
        row("penstock put", "ours", 4, 5, 6),
        row("OSS SDK for Python", "peer", 3, 4, 5),
        row("OSS SDK for Node.js", "peer", 7, 8, 9),
    ]
    text = verdict.text(rows, "put")
    assert "In 1 of 6 comparisons" in text
    assert "- penstock put 5, OSS SDK for Python 4 seconds (their ranges overlap)\n" in text
    assert "| penstock put | oss-emulator | 5 (4 to 6) | 4 (3 to 5) | 1 | 9 | 1 |" in text


def test_the_relay_counts_and_strikes_before_the_bytes_go_on():
    struck, arrived = threading.Event(), []
    with socket.create_server(("127.0.0.1", 0)) as server:
        relay = CountingRelay(f"127.0.0.1:{server.getsockname()[1]}")
        with contextlib.closing(relay), socket.create_connection(relay.netloc.split(":")) as client:
            side, _ = server.accept()
            relay.strike_at(10, lambda: (arrived.append(relay._sent), struck.set()))
            client.sendall(b"12345")
            assert side.recv(100) == b"12345" and not struck.is_set()
            client.sendall(b"67890!")
            client.shutdown(socket.SHUT_WR)
            got = b""
            while piece := side.recv(100):
                got += piece
            assert got == b"67890!" and arrived == [11] and relay.sent == 11
            side.close()
            assert client.recv(1) == b""

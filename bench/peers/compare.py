"""Lets the peers take turns at the same work, and tells in words and figures how they did."""

from __future__ import annotations

import functools
import os
import pathlib
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.harness.context import ROOT, Context
from bench.harness.model import MIB, Bar, Outcome, Plot, Sample, Series
from bench.harness.processes import ProcessFailed
from bench.peers import verdict
from bench.peers.floor import Curl
from bench.peers.oss_node import OssNode
from bench.peers.oss_python import OssPython
from bench.peers.peer import Peer
from bench.peers.penstock import Penstock
from bench.peers.rclone import RclonePenstock, RcloneS3, RcloneS3Large
from bench.peers.rounds import Round, WrongContent
from bench.peers.stores import EmulatorMaker, MinioMaker, StoreMaker
from bench.peers.tus import Tusd

MOST_ROUNDS = 3  # a round of all peers takes minutes


@dataclass
class Work:
    """A scenario: `kind` is a method of Round. `large`: the peers' settings for large files are tried too."""

    kind: str
    sizes: Sequence[int]  # of the files, in bytes
    parallel: int = 1
    large: bool = False


@dataclass
class Arm:
    """A peer, what became of it, and what it took in each round."""

    peer: Peer
    maker: StoreMaker
    trouble: str = ""  # why there are no figures
    samples: list[Sample] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return self.trouble.startswith("failed")


def outcome(context: Context, id: str, title: str, text: str, work: Work) -> Outcome:
    """Runs the scenario. A peer that fails is told in its row, and ends nothing."""
    trouble = "" if context.size == "tiny" else _build(context)
    arms = _arms(context, work, trouble)
    _turns(context, arms, work, _files(context.temp / "source", work.sizes))
    told = [verdict.Row(arm.peer.name, arm.peer.store, arm.peer.role, arm.trouble, arm.samples) for arm in arms]
    series = [Series(arm.peer.name, arm.samples) for arm in arms if arm.samples]
    bars = [Bar(each.name, each.spread(lambda sample: sample.seconds)) for each in series]
    plots = [Plot(id, title, "seconds", {"": bars})] if bars else []
    broken = [f"{arm.peer.name} {arm.trouble}" for arm in arms if arm.peer.role == "ours" and arm.failed]
    text += f" Rounds: {_rounds(context)}, each with a store of its own; the first compares every object with its file."
    return Outcome(
        id, title, text + "\n\n" + verdict.text(told, work.kind), series, plots=plots, failure="; ".join(broken)
    )


def _rounds(context: Context) -> int:
    return min(context.rounds, MOST_ROUNDS)


def _build(context: Context) -> str:
    """What is not there yet; the reason if that fails."""
    log = context.temp / "build.log"
    with open(log, "ab") as out:
        code = subprocess.run(
            [ROOT / "bench/peers/build", context.build.resolve()],
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            check=False,
        ).returncode
    return "" if code == 0 else "bench/peers/build failed: " + " ".join(log.read_text(errors="replace")[-500:].split())


def _arms(context: Context, work: Work, trouble: str) -> list[Arm]:
    emulator, minio = EmulatorMaker(context), MinioMaker(context)
    makers: dict[str, StoreMaker] = {maker.name: maker for maker in (emulator, minio)}
    peers: list[Peer] = [
        Curl(context, emulator.name),
        Penstock(context),
        OssPython(context),
        OssNode(context),
        RclonePenstock(context),
        Curl(context, minio.name),
        RcloneS3(context),
        Tusd(context),
    ]
    if work.large:
        peers.insert(-1, RcloneS3Large(context))
    arms = [Arm(peer, makers[peer.store]) for peer in peers]
    for arm in arms:
        if reason := arm.peer.missing() or arm.maker.missing():
            arm.trouble = f"not measured: {reason}" + (f" ({trouble})" if trouble else "")
    return arms


def _turns(context: Context, arms: Sequence[Arm], work: Work, files: Sequence[pathlib.Path]) -> None:
    """Every round counts, for each is on a stage of its own that none warms up. The first compares what was stored."""
    for number in range(_rounds(context)):
        for arm in arms:
            if arm.trouble:
                continue
            run = Round(context, arm.peer, arm.maker, files, work.parallel, check=number == 0)
            if sample := _guarded(context, arm, getattr(run, work.kind)):
                arm.samples.append(sample)
                context.say(f"  {arm.peer.name}: {sample.seconds:.2f} s")


def _guarded(context: Context, arm: Arm, run: Callable[[], Sample]) -> Sample | None:
    """None: it failed, and takes no part any more. Only our own mistakes count for B11."""
    try:
        sample = run()
    except (ProcessFailed, OSError) as error:
        arm.trouble = "failed: " + " ".join(str(error).split())[-600:]
    except WrongContent as error:
        arm.trouble = f"failed: {error}"
        if arm.peer.role == "ours":
            context.warm_ups.append(Sample(0, 0, extra={"wrong_crc": 1}))
    else:
        return sample
    arm.samples.clear()
    context.say(f"  {arm.peer.name}: {arm.trouble}")
    return None


def _files(folder: pathlib.Path, sizes: Sequence[int]) -> list[pathlib.Path]:
    folder.mkdir()
    return [_file(folder / f"file-{number:04}.bin", size) for number, size in enumerate(sizes)]


def _file(path: pathlib.Path, size: int) -> pathlib.Path:
    """Random bytes of which every 64 KiB are of their own."""
    block = bytearray(_noise())
    with open(path, "wb") as out:
        for at in range(0, size, MIB):
            for inside in range(0, MIB, 64 << 10):
                block[inside : inside + 8] = (at + inside).to_bytes(8, "big")
            out.write(block[: min(MIB, size - at)])
    return path


@functools.cache
def _noise() -> bytes:
    return os.urandom(MIB)

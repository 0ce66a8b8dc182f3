"""What a scenario is given: programs, a folder, how large to be, and how to take turns."""

from __future__ import annotations

import contextlib
import itertools
import pathlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench.harness.model import Sample, Series
from bench.harness.processes import Process, ProcessFailed

ROOT = pathlib.Path(__file__).resolve().parents[2]


@dataclass
class Context:
    """Ends every process that was started through it, when it is left."""

    temp: pathlib.Path  # of this scenario, gone afterwards
    size: str = "full"  # or "quick", "tiny"
    rounds: int = 5
    build: pathlib.Path = ROOT / "build/release"
    say: Callable[[str], None] = print  # progress, for whoever watches
    warm_ups: list[Sample] = field(default_factory=list)  # what interleave does not count, but for its errors
    _running: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    @property
    def quick(self) -> bool:
        return self.size != "full"

    def sized(self, full: int, quick: int, tiny: int) -> int:
        """One of the three. `tiny` only shows that the scenario runs."""
        return {"full": full, "quick": quick, "tiny": tiny}[self.size]

    def memory_folder(self) -> pathlib.Path:
        """A new folder whose files are in memory, where an fsync costs nothing; below `temp` where there is no such."""
        parent = pathlib.Path("/dev/shm")
        folder = tempfile.TemporaryDirectory(prefix="penstock-bench-", dir=parent if parent.is_dir() else self.temp)
        return pathlib.Path(self._running.enter_context(folder))

    def program(self, name: str) -> pathlib.Path:
        """The path of a program of this build: a bench_* of bench/, or what users run."""
        path = self.build / ("bench" if name.startswith("bench_") else "bin") / name
        if not path.exists():
            raise ProcessFailed(f"{path} is not built")
        return path

    def start(
        self,
        name: str,
        program: str | pathlib.Path,
        *arguments: object,
        env: Mapping[str, str] | None = None,
        cwd: pathlib.Path | None = None,
        stdin: bool = False,
    ) -> Process:
        """Starts a program of this build (by its name) or any other (by its path). The end kills it."""
        path = self.program(program) if isinstance(program, str) else program
        log = self.temp / f"{next(self._numbers)}-{name}.log"
        return self._running.enter_context(Process(name, [path, *arguments], log, env=env, cwd=cwd, stdin=stdin))

    def interleave(self, arms: Mapping[str, Callable[[], Sample]], rounds: int | None = None) -> list[Series]:
        """Each round runs every arm once, in turn; a first round (not of `tiny`) warms up and is not counted.

        What disturbs the machine for a while thereby disturbs every arm alike.
        """
        series = {name: Series(name, []) for name in arms}
        first = 1 if self.size == "tiny" else 0
        for round_number in range(first, (rounds or self.rounds) + 1):
            for name, arm in arms.items():
                sample = arm()
                if sample.first_error:
                    self.say(f"  {name}: {sample.extra.get('errors', 0):.0f} errors: {sample.first_error}")
                if round_number == 0:
                    self.warm_ups.append(sample)
                else:
                    series[name].samples.append(sample)
                    rate = f", {sample.throughput() / 1e6:.0f} MB/s" if sample.bytes else ""
                    self.say(f"  {name}: {sample.seconds:.3f} s{rate}")
        return list(series.values())

    def __enter__(self) -> Context:
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

"""The crash points at which a server is struck, by the row of the table in docs/durability.md. `orphans` says how many
uploads may be left at the backend when the process dies there, or when the call fails there."""
import dataclasses
import random

import pytest

from harness import MIB

DATA = random.Random(20).randbytes(3 * MIB + MIB // 2)  # four parts, one after the other
SMALL = random.Random(21).randbytes(100_000)  # one PutObject


@dataclasses.dataclass(frozen=True)
class Point:
    row: str
    name: str
    at: int = 1
    orphans: int = 0
    orphans_on_failure: int | None = None

    def armed(self, action):
        return f"{self.name}={action}@{self.at}"


MULTIPART = [
    Point("1", "claim.before"),
    Point("1", "claim.after"),
    Point("1", "create.before"),
    Point("2", "create.after"),
    Point("2", "initiate.before"),
    Point("3", "initiate.after", orphans=1),
    Point("3", "set_upload.before", orphans=1, orphans_on_failure=0),
    Point("3", "set_upload.after"),
    Point("6", "upload_part.before", at=2),
    Point("8", "upload_part.after", at=2),
    Point("8", "commit.before", at=2),
    Point("9", "commit.after", at=2),
    Point("13", "seal.before"),
    Point("14", "seal.after"),
    Point("14", "complete.before"),
    Point("16", "complete.after"),
    Point("16", "finish.before"),
    Point("17", "finish.after"),
]

# Rule 13: sign, insert the session sealed, send. Not in the table of the paper, where small objects had two records.
SINGLE_PUT = [
    Point("small", "prepare_put.before"),
    Point("small", "prepare_put.after"),
    Point("small", "create.before"),
    Point("small", "create.after"),
    Point("small", "send_put.before"),
    Point("small", "send_put.after"),
    Point("small", "finish.before"),
    Point("small", "finish.after"),
]

# Where nothing can fail: the process is about to send a frame.
MOMENTS = [Point("5", "opened"), Point("10", "progress", at=2), Point("17", "finished")]
SMALL_MOMENTS = [Point("small", "opened"), Point("small", "finished")]


def cases(points):
    return [pytest.param(p, id=f"{p.row}-{p.name}") for p in points]

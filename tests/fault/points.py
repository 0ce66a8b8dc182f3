"""The crash points at which a server is struck, by the row of the table in docs/durability.md, and what is sent there.
`committed` says how many parts are in the store at that moment, and so what whoever comes next is told; `orphans` how
many uploads may be left at the backend when the process dies there, or when the call fails there."""
import dataclasses
import random

import pytest

from crash import PART
from harness import MIB

DATA = random.Random(20).randbytes(3 * MIB + MIB // 2)  # four parts, one after the other
OTHER = random.Random(22).randbytes(len(DATA))
SMALL = random.Random(21).randbytes(100_000)  # one PutObject
OTHER_SMALL = random.Random(23).randbytes(len(SMALL))
ALL = 4  # parts of DATA


def mixed(acknowledged):
    """What a second client puts: it knows only that so much of DATA is acknowledged, and has other bytes from there on.
    So a part or a number of the first that counted where it must not would show."""
    return DATA[:acknowledged] + OTHER[acknowledged:]


@dataclasses.dataclass(frozen=True)
class Point:
    row: str
    name: str
    at: int = 1
    committed: int = 0
    orphans: int = 0
    orphans_on_failure: int | None = None

    @property
    def committed_size(self):
        return min(self.committed * PART, len(DATA))

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
    # Of the second part: the first is committed, and the second counts from its commit on.
    Point("6", "upload_part.before", at=2, committed=1),
    Point("8", "upload_part.after", at=2, committed=1),
    Point("8", "commit.before", at=2, committed=1),
    Point("9", "commit.after", at=2, committed=2),
    Point("13", "seal.before", committed=ALL),
    Point("14", "seal.after", committed=ALL),
    Point("14", "complete.before", committed=ALL),
    Point("16", "complete.after", committed=ALL),
    Point("16", "finish.before", committed=ALL),
    Point("17", "finish.after", committed=ALL),
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

# Rule 11. Two flushes end in a tail of the part that comes next, the second in a longer one. With each point: how much
# is committed when it is reached.
FLUSHES = (PART + 10_000, PART + 30_000)
TAIL = [
    (Point("tail", "save_tail.before"), PART),
    (Point("tail", "save_tail.after"), FLUSHES[0]),
    (Point("tail", "save_tail.before", at=2), FLUSHES[0]),
    (Point("tail", "save_tail.after", at=2), FLUSHES[1]),
]

# Where nothing can fail: the process is about to send a frame.
MOMENTS = [Point("5", "opened"), Point("10", "progress", at=2, committed=2), Point("17", "finished", committed=ALL)]
SMALL_MOMENTS = [Point("small", "opened"), Point("small", "finished")]


def cases(points):
    return [pytest.param(p, id=f"{p.row}-{p.name}") for p in points]

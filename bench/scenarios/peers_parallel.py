"""Several large files at the same time, by Penstock and by others."""

from __future__ import annotations

from bench.harness.context import Context
from bench.harness.model import MIB, Outcome
from bench.peers import compare

ID = "peers-parallel"
TITLE = "Peers: 16 files at the same time"
FILES = 16


def run(context: Context) -> Outcome:
    size = context.sized(256 * MIB, 64 * MIB, MIB)
    text = f"{FILES} files of {size // MIB} MiB, all at the same time, each uploader in one process."
    return compare.outcome(context, ID, TITLE, text, compare.Work("put", [size] * FILES, parallel=FILES))

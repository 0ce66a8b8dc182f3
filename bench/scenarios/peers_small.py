"""Many small files, by Penstock and by others."""

from __future__ import annotations

from bench.harness.context import Context
from bench.harness.model import KIB, Outcome
from bench.peers import compare

ID = "peers-small"
TITLE = "Peers: many small files"
SIZE = 16 * KIB
PARALLEL = 16


def run(context: Context) -> Outcome:
    count = context.sized(2000, 200, 16)
    text = f"{count:,} files of {SIZE // KIB} KiB, {PARALLEL} at a time, each uploader in one process."
    return compare.outcome(context, ID, TITLE, text, compare.Work("put", [SIZE] * count, parallel=PARALLEL))

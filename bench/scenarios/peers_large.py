"""One large file, by Penstock and by others."""

from __future__ import annotations

from bench.harness.context import Context
from bench.harness.model import GIB, MIB, Outcome
from bench.peers import compare

ID = "peers-large"
TITLE = "Peers: one large file"


def run(context: Context) -> Outcome:
    size = context.sized(4 * GIB, GIB, 16 * MIB)
    text = f"One file of {size // MIB} MiB, with what each has to resume it switched on."
    return compare.outcome(context, ID, TITLE, text, compare.Work("put", [size], large=True))

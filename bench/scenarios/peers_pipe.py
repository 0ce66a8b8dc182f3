"""A pipe of unknown length, by Penstock and by others."""

from __future__ import annotations

from bench.harness.context import Context
from bench.harness.model import GIB, MIB, Outcome
from bench.peers import compare

ID = "peers-pipe"
TITLE = "Peers: a pipe of unknown length"


def run(context: Context) -> Outcome:
    size = context.sized(4 * GIB, GIB, 16 * MIB)
    text = (
        f"{size // MIB} MiB through a pipe that tells no length. The floor is the PUT of a file of as many bytes. OSS's"
        " `putStream` is one request: OSS takes it up to 5 GiB."
    )
    return compare.outcome(context, ID, TITLE, text, compare.Work("pipe", [size]))

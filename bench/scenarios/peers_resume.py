"""A client that is killed at nine tenths and run again, for Penstock and for others."""

from __future__ import annotations

from bench.harness.context import Context
from bench.harness.model import GIB, MIB, Outcome
from bench.peers import compare

ID = "peers-resume"
TITLE = "Peers: resume after a kill at 90 %"


def run(context: Context) -> Outcome:
    size = context.sized(4 * GIB, GIB, 32 * MIB)
    text = (
        f"One file of {size // MIB} MiB. When the store has seen 90 % of it the client gets SIGKILL (a server in"
        " between lives on), and the same command is run again. Seconds are those of the second run; CPU time is of"
        " both. Bytes are counted by a relay before the store, and by another before the server; sent again is what"
        " passed beyond the size of the file, with the headers of all requests; differences below 1 % of the file are"
        " not counted as lost. The floor is one whole PUT."
    )
    return compare.outcome(context, ID, TITLE, text, compare.Work("resume", [size]))

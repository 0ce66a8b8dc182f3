"""The frame of the bench: runs programs as processes, measures them in interleaved rounds, and writes the report."""

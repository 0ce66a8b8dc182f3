"""Figures as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bench.harness.model import Spread


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "| " + " | ".join("---" for _ in header) + " |"]
    lines += ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    digits = 2 if abs(value) >= 1 else 3
    text = f"{value:.{digits}f}" if abs(value) >= 0.001 else f"{value:.6f}"
    return text.rstrip("0").rstrip(".") or "0"


def spread(of: Spread, scale: float = 1) -> str:
    """median (min to max); one number where they are the same."""
    median, low, high = (number(value / scale) for value in (of.median, of.min, of.max))
    return median if low == high else f"{median} ({low} to {high})"


def times(seconds: float) -> str:
    """A duration in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{number(seconds / size)} {unit}"
    return f"{number(seconds * 1e6)} µs"


def each(values: dict[str, float], text: Callable[[float], str] = number) -> str:
    return ", ".join(f"{name} {text(value)}" for name, value in values.items())

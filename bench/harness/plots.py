"""Diagrams: SVG by matplotlib, each with the range of its rounds."""

from __future__ import annotations

import pathlib

import matplotlib

matplotlib.use("svg")
import matplotlib.axes  # noqa: E402
import matplotlib.pyplot as pyplot  # noqa: E402
from matplotlib.ticker import FuncFormatter  # noqa: E402

from bench.harness.model import Bar, Plot  # noqa: E402

_INK = "#333333"
_COLOURS = (
    "#2f5d8a",
    "#c0702a",
    "#5b8c5a",
    "#8a4f7d",
    "#7a7a7a",
    "#b09a2f",
    "#4aa3a2",
    "#a33b3b",
    "#222222",
    "#c58fb8",
)
_MARKS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")
_FEW = 20  # points of a line up to which each has a mark and its range

pyplot.rcParams.update(
    {
        "svg.hashsalt": "penstock",  # the same figures give the same file
        "svg.fonttype": "path",
        "font.size": 10,
        "text.color": _INK,
        "axes.labelcolor": _INK,
        "axes.edgecolor": _INK,
        "xtick.color": _INK,
        "ytick.color": _INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "grid.color": "#dddddd",
        "figure.facecolor": "white",
    }
)


def write(plot: Plot, path: pathlib.Path) -> None:
    assert len(plot.lines) <= len(_COLOURS), plot.name
    bars = sum(len(line) for line in plot.lines.values())
    height = 3.6 if plot.kind == "curve" else 1.3 + 0.42 * bars
    figure, axes = pyplot.subplots(figsize=(7.2, height), layout="constrained")
    axes.set_title(plot.title, loc="left", fontsize=11)
    if plot.kind == "curve":
        _curves(plot, axes)
    else:
        _bars(plot, axes)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def _bars(plot: Plot, axes: matplotlib.axes.Axes) -> None:
    """Lying, so that long labels are read without turning the head; the first on top."""
    several = len(plot.lines) > 1
    labels: list[str] = []
    for colour, (name, line) in zip(_COLOURS, plot.lines.items()):
        at = [float(len(labels) + i) for i in range(len(line))]
        axes.barh(
            at,
            [bar.spread.median for bar in line],
            xerr=_ranges(line),
            color=colour,
            height=0.62,
            error_kw={"ecolor": _INK, "capsize": 3, "elinewidth": 1},
            label=name or None,
        )
        labels += [bar.label for bar in line]
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.set_xlabel(plot.axis)
    axes.grid(axis="x")
    if plot.log_y:
        axes.set_xscale("log")
    else:
        axes.set_xlim(left=0)
    if several:
        axes.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1, 1))


def _curves(plot: Plot, axes: matplotlib.axes.Axes) -> None:
    for colour, mark, (name, line) in zip(_COLOURS, _MARKS, plot.lines.items()):
        at = [bar.x or 0 for bar in line]
        medians = [bar.spread.median for bar in line]
        if len(line) <= _FEW:
            axes.errorbar(
                at, medians, yerr=_ranges(line), fmt="none", ecolor=colour, alpha=0.5, capsize=2, elinewidth=0.8
            )
        axes.plot(
            at,
            medians,
            color=colour,
            marker=mark if len(line) <= _FEW else None,
            markersize=4,
            linewidth=1.3,
            label=name or None,
        )
    for axis, logarithmic in ((axes.xaxis, plot.log_x), (axes.yaxis, plot.log_y)):
        if logarithmic:
            axis.axes.set(**{f"{axis.axis_name}scale": "log"})
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.15g}"))
    axes.set_xlabel(plot.x_axis)
    axes.set_ylabel(plot.axis)
    if not plot.log_y:
        axes.set_ylim(bottom=0)
    axes.grid()
    if len(plot.lines) > 1:
        axes.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1, 1))


def _ranges(line: list[Bar]) -> list[list[float]]:
    return [[bar.spread.median - bar.spread.min for bar in line], [bar.spread.max - bar.spread.median for bar in line]]

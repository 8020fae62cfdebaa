"""The report's figures, as SVG text to embed in its page.

Ink and text are drawn in stand-in colours that become CSS variables, so a figure follows the page
from light to dark. Only report.py calls this.
"""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rlrecall.traces.escape import visible

INK, GRID = "#010203", "#040506"
# Four hues that stay apart for colour-blind readers, in light and in dark (after Okabe and Ito);
# the page defines --c0 to --c5.
SERIES = tuple(f"#0a0b{i:02x}" for i in range(6))
VARIABLES = {INK: "ink", GRID: "line", **{colour: f"c{i}" for i, colour in enumerate(SERIES)}}
DASHES = ("-", "--", "-.", ":")
STYLE = {
    "svg.fonttype": "none",  # text stays text: small, searchable, in the page's font
    "text.parse_math": False,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "figure.constrained_layout.use": True,
    **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
    "axes.edgecolor": GRID,
}


@dataclass(frozen=True)
class Mark:
    """One series of the transfer plot: (accuracy, low, high) per set, None where not measured."""

    label: str
    colour: int
    shape: str
    values: Sequence[tuple[float, float, float] | None]


def _svg(figure: Figure, label: str) -> str:
    """The <svg> element of `figure`; `label` must be plain words, it is put into the markup."""
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    svg = buffer.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(
        r'<svg ([^>]*?)height="[^"]*"([^>]*?)width="[^"]*"', r"<svg \1\2", svg, count=1
    ).replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
    for colour, variable in VARIABLES.items():
        svg = svg.replace(colour, f"var(--{variable})")
    return svg


def _style(salt: str) -> dict[Any, Any]:
    return {**STYLE, "svg.hashsalt": salt}  # a salt of its own keeps the ids of two figures apart


def _legend(axes: Axes, columns: int) -> None:
    handles, names = axes.get_legend_handles_labels()
    order = sorted(range(len(names)), key=lambda i: names[i] == "chance")  # at the end
    axes.figure.legend(
        [handles[i] for i in order],
        [names[i] for i in order],
        loc="outside lower center",
        ncols=columns,
        handlelength=2.2,
    )


def transfer(sets: Sequence[str], marks: Sequence[Mark], chance: Sequence[float | None]) -> str:
    """Accuracy per set, one column of marks for each set, with intervals and the chance level."""
    with matplotlib.rc_context(_style("transfer")):
        figure = Figure(figsize=(5.0, 3.7))
        axes = figure.add_subplot()
        width = 0.72 / max(1, len(marks))
        for i, mark in enumerate(marks):
            points = [(at, v) for at, v in enumerate(mark.values) if v is not None]
            if not points:
                continue
            axes.errorbar(
                [at + (i - (len(marks) - 1) / 2) * width for at, _ in points],
                [100 * v[0] for _, v in points],
                # Wilson's interval need not hold the rounded estimate at 0 and 1: never below zero.
                yerr=[
                    [100 * max(0.0, v[0] - v[1]) for _, v in points],
                    [100 * max(0.0, v[2] - v[0]) for _, v in points],
                ],
                fmt=mark.shape,
                color=SERIES[mark.colour],
                markersize=6,
                elinewidth=1.6,
                label=mark.label,
            )
        known = [(at, c) for at, c in enumerate(chance) if c is not None]
        axes.hlines(
            [100 * c for _, c in known],
            [at - 0.44 for at, _ in known],
            [at + 0.44 for at, _ in known],
            colors=INK,
            linestyles=":",
            linewidth=1.2,
            label="chance",
        )
        axes.set_xticks(range(len(sets)), [f"set {name}" for name in sets])
        axes.tick_params(axis="x", length=0)
        axes.set(xlim=(-0.5, len(sets) - 0.5), ylim=(-3, 103), ylabel="accuracy, %")
        _legend(axes, 3)
        return _svg(figure, "Accuracy on every set before and after RL, with intervals")


def running_mean(values: Sequence[float], window: int) -> list[float]:
    """Centred mean over `window` neighbours, fewer at the ends."""
    half = window // 2
    parts = [values[max(0, i - half) : i + half + 1] for i in range(len(values))]
    return [sum(part) / len(part) for part in parts]


def curves(
    title: str,
    series: Mapping[str, Sequence[tuple[float, float]]],
    salt: str,
    smooth: bool = True,
    limits: tuple[float, float] | None = None,
) -> str:
    """Lines over the RL step; `series` maps a name to its (step, value) points.

    Where there are more than 50 points and `smooth`, the points are faint and a running mean is
    drawn over them.
    """
    with matplotlib.rc_context(_style(salt)):
        figure = Figure(figsize=(4.6, 3.3))
        axes = figure.add_subplot()
        for i, (name, points) in enumerate(series.items()):
            points = [(x, y) for x, y in points if math.isfinite(y)]
            xs, ys = [x for x, _ in points], [y for _, y in points]
            colour, dash = SERIES[i % len(SERIES)], DASHES[i // len(SERIES) % len(DASHES)]
            if smooth and len(points) > 50:
                axes.plot(xs, ys, color=colour, linewidth=0.7, alpha=0.35)
                ys = running_mean(ys, len(ys) // 25)
            marker = "o" if len(points) < 30 else None
            axes.plot(xs, ys, dash, color=colour, linewidth=1.7, ms=3.5, marker=marker, label=name)
        axes.set(title=title, xlabel="RL step")
        if limits:
            axes.set_ylim(*limits)
        if len(series) > 1:
            _legend(axes, 2 if len(series) == 4 else 3)
        return _svg(figure, "Training curve over RL steps")


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The logged steps; a torn last line is left out. Raises ValueError for another broken line."""
    lines, steps = path.read_text(encoding="utf-8").split("\n"), []
    for number, line in enumerate(lines, 1):
        try:
            entry = json.loads(line) if line.strip() else {}
        except json.JSONDecodeError:
            if number == len(lines):
                break
            raise ValueError(f"{path}:{number}: not JSON") from None
        if isinstance(entry, dict) and isinstance(entry.get("step"), int | float):
            steps.append(entry)
    return steps


def training(path: Path) -> list[str]:
    """Figures of a metrics.jsonl: reward and components, probes, what else there is. [] without RL.

    Keys as TRL logs them: reward, rewards/<component>/mean, completions/mean_length; and of our own
    equal_rewards, a share, and probe/<set>/<kind>, an accuracy.
    """
    series: dict[str, list[tuple[float, float]]] = {}
    for entry in read_metrics(path):
        for name, value in entry.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                series.setdefault(name, []).append((entry["step"], value))
    if "reward" not in series:
        return []
    arm = path.parent.name
    parts = {"total": series["reward"]}
    for name in sorted(series):
        if match := re.fullmatch("rewards/(.+)/mean", name):
            parts[visible(match[1])] = series[name]
    figures = [curves("reward and its components", parts, f"{arm} reward")]
    probes = {
        visible(name.removeprefix("probe/").replace("/", " ")): [(x, 100 * y) for x, y in values]
        for name, values in sorted(series.items())
        if name.startswith("probe/")
    }
    if probes:
        title = "accuracy in a small evaluation, %, thinking"
        figures.append(curves(title, probes, f"{arm} probe", smooth=False, limits=(-3, 103)))
    for name, title in (
        ("completions/mean_length", "tokens in a completion, mean"),
        ("equal_rewards", "share of groups whose rewards are all equal"),
    ):
        if name in series:
            figures.append(curves(title, {name: series[name]}, f"{arm} {name}"))
    return figures

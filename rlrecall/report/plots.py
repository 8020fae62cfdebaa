"""The figures of the report, as SVG text to embed in its page.

In the page, colors are CSS variables, so that a figure follows the page from light to dark: it is
drawn in placeholder colors, which are replaced in the SVG text.
"""

import io
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rlrecall.evaluation.records import json_lines, matching
from rlrecall.evaluation.rows import ResultRow
from rlrecall.report.results import Results, ordered, reported_row
from rlrecall.runs.arms import ARMS, Series
from rlrecall.traces.escape import visible

KIND = "composition"  # of the questions in the transfer picture
DASHES = ("-", "--", "-.", ":")
INK, GRID = "#010203", "#040506"  # placeholders for --ink and --line of report.css
SERIES = tuple(f"#0a0b{i:02x}" for i in range(6))  # for --c0 to --c5
VARIABLES = {INK: "ink", GRID: "line", **{color: f"c{i}" for i, color in enumerate(SERIES)}}
STYLE = Path(__file__).parent / "templates" / "figures.mplstyle"


def page_svg(figure: Figure, label: str) -> str:
    """The <svg> element of a figure; `label` must be plain words, it becomes an attribute."""
    buffer = io.StringIO()
    no_metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(buffer, format="svg", transparent=True, metadata=no_metadata)
    svg = buffer.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
    for color, name in VARIABLES.items():
        svg = svg.replace(color, f"var(--{name})")
    return svg


def transfer_svg(results: Results) -> str | None:
    """Accuracy on each set, one column of marks for each series, with intervals and chance.

    None if nothing was measured.
    """
    rows = results.rows
    sets = ordered(row.set for row in matching(rows, kind=KIND))
    measured: list[tuple[Series, list[tuple[int, ResultRow]]]] = []
    for name, series in ((arm.name, series) for arm in ARMS.values() for series in arm.series):
        found = [reported_row(rows, name, set_, KIND, series.mode) for set_ in sets]
        if points := [(at, row) for at, row in enumerate(found) if row]:
            measured.append((series, points))
    if not measured:
        return None
    with matplotlib.rc_context({"svg.hashsalt": "transfer"}, STYLE):
        figure = Figure(figsize=(5.4, 3.9))
        axes = figure.add_subplot()
        width = 0.72 / len(measured)
        for i, (series, points) in enumerate(measured):
            axes.errorbar(
                [at + (i - (len(measured) - 1) / 2) * width for at, _ in points],
                [100 * row.accuracy for _, row in points],
                # Rounding may put the estimate an ulp outside its interval: never below zero.
                yerr=[
                    [100 * max(0.0, row.accuracy - row.ci_low) for _, row in points],
                    [100 * max(0.0, row.ci_high - row.accuracy) for _, row in points],
                ],
                fmt=series.marker,
                color=SERIES[series.color],
                markersize=6,
                elinewidth=1.6,
                label=series.label,
            )
        chance = [100 * matching(rows, set=set_, kind=KIND)[0].chance for set_ in sets]
        starts, ends = ([at + side * 0.44 for at in range(len(sets))] for side in (-1, 1))
        axes.hlines(chance, starts, ends, INK, linestyles=":", linewidth=1.2, label="chance")
        rewarded = ["rewarded by RL" if set_ == results.rl_set else "no rewards" for set_ in sets]
        labels = [f"set {visible(set_)}\n{what}" for set_, what in zip(sets, rewarded, strict=True)]
        axes.set_xticks(range(len(sets)), labels)
        axes.tick_params(axis="x", length=0)
        axes.set(xlim=(-0.5, len(sets) - 0.5), ylim=(-3, 103), ylabel="accuracy, %")
        add_legend(axes, 3)
        return page_svg(figure, "Accuracy on every set before and after RL, with intervals")


def add_legend(axes: Axes, columns: int) -> None:
    """A legend below the axes, chance last."""
    handles, names = axes.get_legend_handles_labels()
    order = sorted(range(len(names)), key=lambda i: names[i] == "chance")
    axes.figure.legend(
        [handles[i] for i in order],
        [names[i] for i in order],
        loc="outside lower center",
        ncols=columns,
        handlelength=2.2,
    )


def curves_svg(
    title: str,
    series: Mapping[str, Sequence[tuple[float, float]]],
    salt: str,
    smooth: bool = True,
    limits: tuple[float, float] | None = None,
) -> str:
    """Lines over the RL step; `series` maps a name to its (step, value) points.

    With `smooth`, more than 50 points are drawn faint, and their running mean over them. Figures of
    one page need different salts, else the ids in them are equal.
    """
    with matplotlib.rc_context({"svg.hashsalt": salt}, STYLE):
        figure = Figure(figsize=(4.6, 3.3))
        axes = figure.add_subplot()
        for i, (name, points) in enumerate(series.items()):
            points = [(x, y) for x, y in points if math.isfinite(y)]
            xs, ys = [x for x, _ in points], [y for _, y in points]
            color, dash = SERIES[i % len(SERIES)], DASHES[i // len(SERIES) % len(DASHES)]
            if smooth and len(points) > 50:
                axes.plot(xs, ys, color=color, linewidth=0.7, alpha=0.35)
                half = len(ys) // 50  # of the window, which is smaller at the ends
                ys = [fmean(ys[max(0, i - half) : i + half + 1]) for i in range(len(ys))]
            marker = "o" if len(points) < 30 else None
            axes.plot(xs, ys, dash, color=color, linewidth=1.7, ms=3.5, marker=marker, label=name)
        axes.set(title=title, xlabel="RL step")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if limits:
            axes.set_ylim(*limits)
        if len(series) > 1:
            add_legend(axes, 4 if len(series) == 4 else 3)
        return page_svg(figure, "Training curve over RL steps")


def training_svgs(path: Path) -> list[str]:
    """Figures of a metrics.jsonl: probes, reward and its components, lengths. [] without rewards.

    Raises ValueError for a damaged line other than the last.
    Keys as TRL logs them: reward, rewards/<component>/mean, completions/mean_length; and our own:
    equal_rewards, a share, and probe/<set>/<kind>, an accuracy.
    """
    series: dict[str, list[tuple[float, float]]] = {}
    for _, entry in json_lines(path):
        if not isinstance(entry, dict) or not isinstance(entry.get("step"), int | float):
            continue
        for name, value in entry.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                series.setdefault(name, []).append((entry["step"], value))
    if "reward" not in series:
        return []
    arm, figures = path.parent.name, []
    probes: dict[str, dict[str, list[tuple[float, float]]]] = {}
    parts = {"total": series["reward"]}
    for name, values in sorted(series.items()):
        if match := re.fullmatch("probe/(.+)/(.+)", name):
            set_, kind = map(visible, match.groups())
            probes.setdefault(kind, {})[f"set {set_}"] = [(x, 100 * y) for x, y in values]
        elif match := re.fullmatch("rewards/(.+)/mean", name):
            parts[visible(match[1])] = values
    for kind, lines in probes.items():
        title = f"{kind}: accuracy on a few held-out questions, %"
        figures.append(curves_svg(title, lines, f"{arm} {kind}", smooth=False, limits=(-3, 103)))
    figures.append(curves_svg("reward and its components", parts, f"{arm} reward"))
    for name, title in (
        ("completions/mean_length", "tokens in a completion, mean"),
        ("equal_rewards", "share of groups whose rewards are all equal"),
    ):
        if name in series:
            figures.append(curves_svg(title, {name: series[name]}, f"{arm} {name}"))
    return figures

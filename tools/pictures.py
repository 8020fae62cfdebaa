"""All pictures of docs/: `python tools/pictures.py checkpoints/tiny-seed0 [more seeds]`.

transfer.png and transfer-dark.png show the accuracy on held-out compositions of every set before
RL, in the control, after RL, and with the facts in context, pooled over the given studies. The
pictures of READING.md are taken of the first study (tests/tools/screenshots.py, needs Chromium).
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from rlrecall import report
from rlrecall.evaluation.records import matching
from rlrecall.evaluation.statistics import wilson
from rlrecall.report.results import load_results, ordered
from rlrecall.runs.arms import ARMS

DOCS = Path(__file__).parents[1] / "docs"
DRAWN = (("sft", "think"), ("control", "think"), ("rl", "think"), ("sft", "context-think"))
SERIES = [(arm, next(s for s in ARMS[arm].series if s.mode == mode)) for arm, mode in DRAWN]
LEGEND = {"frameon": False, "fontsize": 9, "columnspacing": 1.5}
CSS = (Path(report.__file__).parent / "templates" / "report.css").read_text(encoding="utf-8")
THEMES = {  # file: the colors of the report's page, light and dark, by name
    name: dict(re.findall(r"--(\w+): (#\w+);", css))
    for name, css in zip(("transfer.png", "transfer-dark.png"), CSS.split("@media"), strict=True)
}


def accuracies(
    studies: list[Path],
) -> tuple[list[str], list[list[tuple[float, float, float]]], float]:
    """Sets; for each series and set (accuracy, low, high) in %; the chance level in %."""
    rows = [row for study in studies for row in load_results(study).rows]
    asked = matching(rows, kind="composition", split="holdout")
    sets = ordered(row.set for row in asked)
    values = []
    for arm, series in SERIES:
        of_series = []
        for set_ in sets:
            found = matching(asked, arm=arm, mode=series.mode, set=set_)
            correct, n = (sum(getattr(row, name) for row in found) for name in ("correct", "n"))
            low, high = wilson(correct, n)
            of_series.append((100 * correct / n, 100 * low, 100 * high))
        values.append(of_series)
    return sets, values, 100 * asked[0].chance


def draw(studies: list[Path], path: Path, colors: dict[str, str]) -> None:
    ink, grid = colors["ink"], colors["line"]
    sets, values, chance = accuracies(studies)
    style = dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), ink)
    with matplotlib.rc_context({**style, "font.size": 10, "axes.edgecolor": grid}):
        figure = Figure(figsize=(8, 3.4), layout="constrained")
        axes = figure.add_subplot()
        width = 0.8 / len(SERIES)
        for i, (_, series) in enumerate(SERIES):
            places = [at + (i - (len(SERIES) - 1) / 2) * width for at in range(len(sets))]
            heights, lows, highs = zip(*values[i], strict=True)
            color = colors[f"c{series.color}"]
            axes.bar(places, heights, 0.9 * width, color=color, label=series.label)
            reach = [
                [max(0.0, h - low) for h, low in zip(heights, lows, strict=True)],
                [max(0.0, high - h) for h, high in zip(heights, highs, strict=True)],
            ]
            axes.errorbar(places, heights, reach, fmt="none", ecolor=ink, elinewidth=1)
            for place, height, high in zip(places, heights, highs, strict=True):
                axes.text(place, max(height, high) + 2, f"{height:.0f}", ha="center", fontsize=9)
        axes.axhline(chance, color=ink, linestyle=":", linewidth=1, label="chance")
        axes.set_xticks(range(len(sets)), [_name(set_, studies) for set_ in sets])
        axes.tick_params(length=0)
        axes.set(ylim=(0, 112), yticks=range(0, 101, 25), ylabel="accuracy, %")
        axes.set_title("Held-out two-step questions, answered by thinking", loc="left", fontsize=11)
        axes.grid(axis="y", color=grid, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right", "left"]].set_visible(False)
        handles, names = axes.get_legend_handles_labels()
        last = sorted(zip(handles, names, strict=True), key=lambda pair: pair[1] == "chance")
        figure.legend(*zip(*last, strict=True), loc="outside lower center", ncols=5, **LEGEND)
        figure.savefig(path, dpi=200, transparent=True, metadata={"Software": None})


def _name(set_: str, studies: list[Path]) -> str:
    rewarded = set_ == load_results(studies[0]).rl_set
    return f"set {set_}\n{'RL rewards this set' if rewarded else 'never rewarded'}"


def main(studies: list[Path]) -> None:
    for name, colors in THEMES.items():
        draw(studies, DOCS / name, colors)
    sys.path.append(str(DOCS.parent / "tests" / "tools"))
    from screenshots import take_pictures

    take_pictures(studies[0])


if __name__ == "__main__":
    main([Path(study) for study in sys.argv[1:]])

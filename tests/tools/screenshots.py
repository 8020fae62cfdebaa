"""The pictures of docs/READING.md: `python tests/screenshots.py checkpoints/tiny-seed0`.

A page is written of the study's arm rl, and pictures are taken in headless Chromium of
three thoughts after RL: a chain, an enumeration that hits, one that hallucinates. Which ones is
drawn by a seed among all that fit, so that they are examples and not trophies; what is shown is
printed, with how many there were to draw from.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from browser import Browser

from rlrecall.evaluation.outcomes import enumeration, outcome
from rlrecall.evaluation.records import Record
from rlrecall.knowledge.core import seeded
from rlrecall.traces.filters import Filters, find_transcripts, select_records
from rlrecall.traces.page.build import write_page

DOCS = Path(__file__).parents[2] / "docs"
MOST = 14  # sentences that fit into a picture
WHERE = ("arm", "stage", "mode")  # how a link names a trace, before step, sample, side and rank


EXAMPLES: dict[str, Callable[[Record], bool]] = {
    "chain": lambda r: r.kind == "composition" and outcome(r) == "recalled",
    "enumeration": lambda r: (found := enumeration(r)) is not None and found.hit,
    "hallucination": lambda r: r.kind == "reversal" and r.false > 0 and len(set(r.enumerated)) > 1,
}


def main(study: Path) -> None:
    rl = select_records(find_transcripts(study / "rl"), Filters())
    thoughts = [r for r in rl if "think" in r.mode and r.stage == "eval"]
    page = Path(tempfile.mkdtemp()) / "traces.html"
    write_page([study / "rl"], page)
    for name, fits in EXAMPLES.items():
        found = [r for r in thoughts if fits(r) and len(r.recalled) <= MOST]
        if not found:
            print(f"{name}: none of {len(thoughts)} thoughts")
            continue
        drawn = seeded("screenshots", name).choice(found)
        print(f"{name}: one of {len(found)} (set {drawn.set}, {drawn.split}, {drawn.mode})")
        print(f"    {drawn.prompt} {drawn.completion}   [{drawn.gold_answer}]")
        where = "~".join([*(getattr(drawn, field) for field in WHERE), "0", str(drawn.k), "0", "0"])
        link = {"q": drawn.question_id, "at": where}
        with Browser(1280, 820, dark=name == "hallucination") as browser:
            browser.open(page, f"#{urlencode(link)}")
            browser.picture(DOCS / f"reading-{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

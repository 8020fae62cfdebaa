"""The pictures of docs/READING.md; tools/pictures.py calls this.

Headless Chromium takes them from a study's runs sft and rl: the page of both as it opens, an
enumeration that hits, and one that hallucinates. A seed draws the last two from all traces after RL
that fit, so that they are typical. What is shown is printed, with how many there were to draw from.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from browser import Browser

from rlrecall.evaluation.outcomes import enumeration
from rlrecall.evaluation.records import Record
from rlrecall.knowledge.core import seeded
from rlrecall.traces.filters import Filters, find_transcripts, select_records
from rlrecall.traces.page.build import write_page

DOCS = Path(__file__).parents[2] / "docs"
MOST = 14  # sentences that fit into a picture
WHERE = ("arm", "stage", "mode")  # how a link names a trace, before step, sample, side and rank


EXAMPLES: dict[str, Callable[[Record], bool]] = {
    "enumeration": lambda r: (found := enumeration(r)) is not None and found.hit,
    "hallucination": lambda r: r.kind == "reversal" and r.false > 0 and len(set(r.enumerated)) > 1,
}


def take_pictures(study: Path) -> None:
    folder = Path(tempfile.mkdtemp())
    write_page([study / "sft", study / "rl"], folder / "pair.html")
    with Browser(1280, 820) as browser:
        browser.open(folder / "pair.html", "")
        browser.picture(DOCS / "reading-pair.png")
    rl = select_records(find_transcripts(study / "rl"), Filters())
    thoughts = [r for r in rl if "think" in r.mode and r.stage == "eval"]
    page = folder / "traces.html"
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

"""Measure the page of traces: open made-up traces in headless Chromium, filter and sort them.

    python tests/tools/page_speed.py [--traces 100000] [--babble 0] [--keep FILE]

With --babble N every thought begins with N sentences of its own, like those of a model that was not
trained from scratch on a small world. --keep names the page; an existing one is measured again.

"opens" is the time from the start of the navigation until the list is on the screen. An action
takes from its input until the next frame. The processor time of the page's thread stands beside it;
compare that where other programs run. Every action is done three times; the slowest is printed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
import time
from pathlib import Path

from browser import Browser
from made_up_traces import GROUP, evaluation, rollouts, write_run

from rlrecall.traces.page.build import write_page

ACTIONS = {
    "search, first letters": "type('mo')",
    "search, more letters": "type('moti')",
    "search, a sentence": "type('is the baker with the')",
    "search, nothing found": "type('no such text anywhere')",
    "search, cleared": "type('')",
    "outcome: lucky": "click('[data-value=lucky]')",
    "and hallucinated": "click('[data-value=hallucinated]')",
    "filters cleared": "click('#clear')",
    "kind: composition": "pick('kind', 'composition')",
    "mode: think": "pick('mode', 'think')",
    "any kind": "pick('kind', '')",
    "any mode": "pick('mode', '')",
    "sort by tokens": "pick('sort', 'tokens')",
    "sort by reward spread": "pick('sort', 'spread')",
    "the other way round": "click('.way')",
    "draw 20": "click('#draw')",
    "all again": "click('#clear')",
    "step slider": "slide()",
    "slider back": "slide(0)",
}
HELP = """
window.fire = (node, kind) => node.dispatchEvent(new Event(kind, {bubbles: true}));
window.type = (text) => { const n = document.getElementById('text'); n.value = text;
  fire(n, 'input'); };
window.click = (query) => document.querySelector(query).click();
window.pick = (field, value) => { const n = document.querySelector(`[data-field=${field}]`);
  n.value = value; fire(n, 'change'); };
window.slide = (at = 5) => { const n = document.getElementById('step'); n.value = at;
  fire(n, 'input'); };
window.timed = async (action) => { const begun = performance.now(); action();
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - begun; };
0"""


def make(folder: Path, count: int, babble: int, out: Path) -> None:
    steps = max(2, count // 10 // GROUP // 12)
    trained = rollouts(steps, 12)
    asked = (count - len(trained)) // 2
    begun = time.monotonic()
    write_run(folder, "sft", evaluation("sft", 0.2, asked, babble))
    tested = evaluation("rl", 0.8, count - len(trained) - asked, babble)
    write_run(folder, "rl", trained + tested)
    print(f"made {count:,} records in {time.monotonic() - begun:.1f} s")
    begun = time.monotonic()
    held, _ = write_page([folder], out)
    size = sum(path.stat().st_size for path in folder.rglob("*.jsonl"))
    print(f"wrote {held:,} traces in {time.monotonic() - begun:.1f} s")
    print(f"{size / 1e6:.0f} MB of JSON lines, a page of {out.stat().st_size / 1e6:.1f} MB")


def processor(browser: Browser) -> float:
    """Processor time of the page's thread so far, in milliseconds."""
    metrics = browser.call("Performance.getMetrics")["metrics"]
    return 1000 * next(m["value"] for m in metrics if m["name"] == "TaskDuration")


def all_processes(browser: Browser) -> float:
    """Processor time of all processes of the browser so far, in milliseconds."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # a process that has just ended
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[3]) == browser.session:
                ticks += int(fields[11]) + int(fields[12])
    return 1000 * ticks / os.sysconf("SC_CLK_TCK")


def timed(browser: Browser, action: str) -> tuple[float, float]:
    before = processor(browser)
    wall = browser.ask(f"timed(() => {action})")
    return wall, processor(browser) - before


def measure(out: Path) -> None:
    with Browser() as browser:
        browser.call("Performance.enable", timeDomain="threadTicks")
        opened, used = [], []
        for _ in range(3):
            before = all_processes(browser)
            browser.open(out)
            used.append(all_processes(browser) - before)
            opened.append(float(browser.ask("document.documentElement.dataset.ready")))
        browser.ask(HELP)
        taken: dict[str, list[tuple[float, float]]] = {}
        taken["search at once"] = [timed(browser, "type('zu')")]
        for _ in range(3):
            for name, action in ACTIONS.items():
                taken.setdefault(name, []).append(timed(browser, action))
        print(f"{'opens':24} {max(opened):5.0f} ms, {max(used):4.0f} ms of processor time of all")
        for name, times in taken.items():
            wall, spent = map(max, zip(*times, strict=True))
            print(f"{name:24} {wall:5.0f} ms, {spent:4.0f} ms of processor time")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--traces", type=int, default=100_000)
    parser.add_argument("--babble", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        page = arguments.keep or Path(place) / "traces.html"
        if not page.exists():
            make(Path(place) / "run", arguments.traces, arguments.babble, page)
        measure(page)

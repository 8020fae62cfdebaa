"""Reading transcripts in the terminal: what was asked, each sentence of the thought, what came out.

    rlrecall view RUN                      every completion, in a pager
    rlrecall view RUN --outcome lucky --random 7 --limit 20
    rlrecall view RUN --id QUESTION_ID     all that was said on one question, whole
    rlrecall view RUN --json | jq .answer

Whatever a model wrote is hostile text: it reaches the terminal only as `Text`, in which rich reads
no markup, and through `visible`, which turns escapes and characters without a shape into \\u codes.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

from rich.text import Text

from rlrecall.evaluation.outcomes import FLAGS, MARKS, OUTCOMES, flags, outcome
from rlrecall.evaluation.records import Record, read_all_records
from rlrecall.knowledge.prompts import split_context
from rlrecall.runs.errors import choose
from rlrecall.traces.escape import visible
from rlrecall.traces.terminal import print_texts

COLORS = {"gold": "green", "true": "cyan", "false": "red", "unparsable": "yellow"}
LONG_CONTEXT = 200  # characters


@dataclass(frozen=True)
class Filters:
    """What a record must be to be shown; None lets everything through.

    `text` is looked for in question and completion, without regard to case; facts that a context
    gave do not count. `outcome` is one of OUTCOMES or FLAGS, `id` the question's; the others are
    fields of the record.
    """

    set: str | None = None
    kind: str | None = None
    split: str | None = None
    mode: str | None = None
    family: str | None = None
    arm: str | None = None
    outcome: str | None = None
    text: str | None = None
    id: str | None = None

    def fields(self) -> dict[str, str]:
        """The fields of a record that must be as given; `id` is short for question_id."""
        given = {name: value for name, value in vars(self).items() if value is not None}
        if "id" in given:
            given["question_id"] = given.pop("id")
        return {name: value for name, value in given.items() if name not in ("text", "outcome")}

    def check(self, seen: Mapping[str, Collection[str]]) -> None:
        """UserError, with the nearest valid choice, for a value that is in no record.

        `seen` has the values of each of `fields` in all records.
        """
        if self.outcome is not None:
            choose("outcome", self.outcome, [*OUTCOMES, *FLAGS])
        for name, value in self.fields().items():
            if seen.get(name):
                choose("id" if name == "question_id" else name, value, sorted(seen[name]))


def find_transcripts(run: Path) -> list[Path]:
    """The transcript files of a run, or of every run below a study, sorted by path.

    Raises ValueError when the folder is missing or holds none.
    """
    if not run.is_dir():
        raise ValueError(f"run: {run} does not exist")
    patterns = ("eval/*/answers.jsonl", "transcripts/**/*.jsonl")
    found = sorted({path for pattern in patterns for path in run.rglob(pattern)})
    if not found:
        raise ValueError(f"run: {run} has no transcripts (looked for {' and '.join(patterns)})")
    return found


def select(paths: Sequence[Path], filters: Filters) -> list[Record]:
    """The records that pass, in the order of the files.

    What could not be read is said on standard error. Raises ValueError, with the nearest valid
    choice, for a filter value that no record has; and for a file that is no transcript.
    """
    records, notes = read_all_records(paths)
    for note in notes:
        print(visible(note), file=sys.stderr)
    filters.check(
        {name: {getattr(record, name) for record in records} for name in filters.fields()}
    )
    return [record for record in records if passes(record, filters)]


def passes(record: Record, filters: Filters) -> bool:
    """Whether a record is one of those that `filters` lets through."""
    result = filters.outcome
    return (
        all(getattr(record, name) == value for name, value in filters.fields().items())
        and (result is None or result == outcome(record) or result in flags(record))
        and _mentions(record, filters.text or "")
    )


def _mentions(record: Record, text: str) -> bool:
    question = split_context(record.prompt)[1]
    return any(text.casefold() in part.casefold() for part in (question, record.completion))


def row(name: str, value: object, style: str = "") -> Text:
    """One line of a record, with a name in front or none; `value` is escaped."""
    return Text().append(f"  {name:9}", "dim").append(visible(str(value)), style).append("\n")


def heading(question_id: str, asked: str, prompt: str, whole: bool = False) -> Text:
    """Which question it is, and how it was asked: what is known before anything was said."""
    out = Text().append(visible(question_id), "bold")
    out.append(visible(f"  {asked}"), "dim").append("\n")
    facts, question = split_context(prompt)
    if len(facts) > LONG_CONTEXT and not whole:
        facts = f"{facts[:LONG_CONTEXT]} … ({facts.count('.')} sentences)"
    return out.append(row("asked", f"{facts} {question}".strip()))


def record_heading(record: Record, whole: bool = False) -> Text:
    asked = f"{record.arm} step {record.step}, {record.mode}, {record.split}, sample {record.k}"
    return heading(record.question_id, asked, record.prompt, whole)


def sentence(text: str, label: str) -> Text:
    """A sentence of a thought. The mark stands in front: behind it, the text could feign one."""
    known = label if label in MARKS else "unparsable"
    return row("", f"{MARKS[known]} {text}", COLORS[known])


def verdict(record: Record, judged: bool = True) -> Text:
    """What came out and, unless the question has no gold answer, how it is judged."""
    answer = "(none given)" if record.answer is None else record.answer
    cut = f" (cut off at {record.n_tokens} tokens)" if record.finish == "length" else ""
    if not judged:
        return row("answer", f"not judged{cut}: {answer}")
    # The verdict stands in front: behind the answer, an answer "dax  right" could pass for one.
    right, style = ("right", "green") if record.correct else ("wrong", "red")
    out = row("answer", f"{right}{cut}: {answer}", style)
    out.append(row("gold", record.gold_answer))
    out.append(row("premises", " ".join(record.gold_premises)))
    out.append(row("outcome", ", ".join([outcome(record), *flags(record)])))
    if rewards := record.rewards:
        parts = [f"{name} {value:.3g}" for name, value in rewards.items()]
        if record.reward is not None:
            parts.append(f"in all {record.reward:.3g}")
        out.append(row("rewards", ", ".join(parts)))
    return out


def render(record: Record, whole: bool = False) -> Text:
    """One record as lines to read, the last one blank; all that comes from it is escaped.

    `whole` shows all of a long context, and the completion as it was written too.
    """
    out = record_heading(record, whole)
    if whole:
        out.append(row("written", record.completion))
    for premise in record.recalled:
        out.append(sentence(premise.text, premise.label))
    return out.append(verdict(record)).append("\n")


def legend() -> Text:
    """What the marks mean, as a line."""
    out = Text()
    for label, mark in MARKS.items():
        out.append(f"{mark} {label}  ", COLORS[label])
    return out.append("\n")


def _counts(records: Sequence[Record], shown: int) -> Text:
    counts = Counter(name for record in records for name in (outcome(record), *flags(record)))
    out = Text(f"{shown} of {len(records)} records; of all: ")
    out.append(", ".join(f"{counts[name]} {name}" for name in OUTCOMES))
    out.append("; " + ", ".join(f"{counts[name]} {name}" for name in FLAGS) + "\n")
    return out.append(legend()).append("\n")


def view(
    run: Path,
    filters: Filters | None = None,
    pager: bool = True,
    as_json: bool = False,
    limit: int | None = None,
    seed: int | None = None,
) -> None:
    """Print the records of a run that pass `filters`: at most `limit`, to standard output.

    With `seed` their order is drawn by it, otherwise it is that of the files. `as_json` prints each
    as a line of JSON (plain ASCII). Records of one question, picked by its id, are shown whole.
    Colour and pager are for terminals only. A reader that hangs up (`| head`) ends it quietly.
    Raises ValueError as `find_transcripts` and `select` do, and for a limit below 1.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit: {limit} is no number of records; at least 1")
    records = select(find_transcripts(run), filters or Filters())
    if seed is not None:
        random.Random(seed).shuffle(records)
    shown = records[:limit]
    if not records:
        print("no record matches", file=sys.stderr)
        return
    try:
        if as_json:
            for record in shown:
                print(json.dumps(asdict(record)))
        else:
            whole = filters is not None and filters.id is not None
            lines = (render(record, whole) for record in shown)
            print_texts(chain([_counts(records, len(shown))], lines), pager)
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered has nowhere to go; Python would complain about it on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

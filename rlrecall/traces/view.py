"""Show records in the terminal: the question, each sentence of the thought, the answer.

    rlrecall view RUN                      every completion, in a pager
    rlrecall view RUN --outcome lucky --random 7 --limit 20
    rlrecall view RUN --id QUESTION_ID     all completions for one question, in full
    rlrecall view RUN --json | jq .answer

Text that a model wrote is hostile. It reaches the terminal only as `Text`, in which rich parses no
markup, and through `visible`, which escapes control codes and invisible characters.
"""

import json
import os
import random
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path

from rich.text import Text

from rlrecall.evaluation.outcomes import FLAGS, MARKS, OUTCOMES, flags, outcome
from rlrecall.evaluation.records import Record
from rlrecall.knowledge.prompts import split_context
from rlrecall.traces.escape import visible
from rlrecall.traces.filters import Filters, find_transcripts, select_records
from rlrecall.traces.terminal import print_texts

COLORS = {"gold": "green", "true": "cyan", "false": "red", "unparsable": "yellow"}
LONG_CONTEXT = 200  # characters


def view(
    run: Path,
    filters: Filters | None = None,
    pager: bool = True,
    as_json: bool = False,
    limit: int | None = None,
    seed: int | None = None,
) -> None:
    """Print the records of a run that pass `filters`, at most `limit`, to standard output.

    `seed` shuffles them; without it they are in the order of the files. `as_json` prints each as a
    line of JSON (plain ASCII). With an `id` filter records are shown in full. Color and pager are
    used in a terminal only. A closed pipe (`| head`) ends the output without an error. Raises
    ValueError as `find_transcripts` and `select_records` do, and for a limit below 1.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit: {limit} is less than 1")
    filters = filters or Filters()
    records = select_records(find_transcripts(run), filters)
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
            texts = (render_record(record, filters.id is not None) for record in shown)
            print_texts(chain([_counts(records, len(shown))], texts), pager)
        sys.stdout.flush()
    except BrokenPipeError:
        # Discard what is still buffered; Python would report an error on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def render_record(record: Record, in_full: bool = False) -> Text:
    """Render a record as lines of text, the last one blank, with everything from it escaped.

    `in_full` includes all of a long context and the completion as it was written.
    """
    out = record_heading(record, in_full)
    if in_full:
        out.append(line("written", record.completion))
    for premise in record.recalled:
        out.append(sentence_line(premise.text, premise.label))
    return out.append(result_lines(record)).append("\n")


def record_heading(record: Record, in_full: bool = False) -> Text:
    step = f" step {record.step}" if record.step else ""  # an evaluation has none
    asked = f"{record.arm}{step}, {record.mode}, {record.split}, sample {record.k}"
    return heading(record.question_id, asked, record.prompt, in_full)


def heading(title: str, asked: str, prompt: str, in_full: bool = False) -> Text:
    """The lines above a thought: which question, how it was `asked`, and the prompt."""
    out = Text.assemble((visible(title), "bold"), (visible(f"  {asked}"), "dim"), "\n")
    facts, question = split_context(prompt)
    if len(facts) > LONG_CONTEXT and not in_full:
        facts = f"{facts[:LONG_CONTEXT]} … ({facts.count('.')} sentences)"
    return out.append(line("asked", f"{facts} {question}".strip()))


def line(name: str, value: object, style: str = "") -> Text:
    """One line: `name`, which may be empty, and `value`, escaped."""
    return Text().append(f"  {name:9}", "dim").append(visible(str(value)), style).append("\n")


def sentence_line(text: str, label: str) -> Text:
    """A sentence of a thought. The mark comes first: text could imitate one at the end."""
    known = label if label in MARKS else "unparsable"
    return line("", f"{MARKS[known]} {text}", COLORS[known])


def result_lines(record: Record, has_gold: bool = True) -> Text:
    """The answer and, if the question has a gold answer, its score."""
    answer = "(none given)" if record.answer is None else record.answer
    cut = f" (cut off at {record.n_tokens} tokens)" if record.finish == "length" else ""
    if not has_gold:
        return line("answer", f"not judged{cut}: {answer}")
    # The verdict comes first: an answer "dax  right" could imitate one at the end.
    right, style = ("right", "green") if record.correct else ("wrong", "red")
    out = line("answer", f"{right}{cut}: {answer}", style)
    out.append(line("gold", record.gold_answer))
    out.append(line("premises", " ".join(record.gold_premises)))
    out.append(line("outcome", ", ".join([outcome(record), *flags(record)])))
    if record.rewards:
        parts = [f"{name} {value:.3g}" for name, value in record.rewards.items()]
        if record.reward is not None:
            parts.append(f"in all {record.reward:.3g}")
        out.append(line("rewards", ", ".join(parts)))
    return out


def legend() -> Text:
    """What the marks mean, in one line."""
    parts = [(f"{mark} {label}  ", COLORS[label]) for label, mark in MARKS.items()]
    return Text.assemble(*parts, "\n")


def _counts(records: Sequence[Record], shown: int) -> Text:
    counts = Counter(name for record in records for name in (outcome(record), *flags(record)))
    out = Text(f"{shown:,} of {len(records):,} records; of all: ")
    parts = [", ".join(f"{counts[name]} {name}" for name in names) for names in (OUTCOMES, FLAGS)]
    return out.append("; ".join(parts) + "\n").append(legend()).append("\n")

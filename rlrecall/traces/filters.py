"""Find the transcripts of a run and select records by filters."""

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from rlrecall.evaluation.outcomes import FLAGS, OUTCOMES, flags, outcome
from rlrecall.evaluation.records import Record, read_all_records
from rlrecall.knowledge.prompts import split_context
from rlrecall.runs.errors import UserError, choose
from rlrecall.traces.escape import visible

TRANSCRIPTS = ("eval/*/answers.jsonl", "transcripts/**/*.jsonl")  # below the folder of a run


@dataclass(frozen=True)
class Filters:
    """What to select; a filter of None passes every record.

    `outcome` is one of OUTCOMES or FLAGS. `text` is searched in question and completion, ignoring
    case, but not in the facts of a context. `id` is the question's; the others are fields of a
    record.
    """

    set: str | None = None
    kind: str | None = None
    split: str | None = None
    mode: str | None = None
    family: str | None = None
    arm: str | None = None
    stage: str | None = None
    outcome: str | None = None
    text: str | None = None
    id: str | None = None

    def fields(self) -> dict[str, str]:
        """The filters on fields of a record, with the value of each; `id` is question_id."""
        given = {name: value for name, value in vars(self).items() if value is not None}
        if "id" in given:
            given["question_id"] = given.pop("id")
        return {name: value for name, value in given.items() if name not in ("text", "outcome")}

    def check(self, seen: Mapping[str, Collection[str]]) -> None:
        """Raise UserError, with the nearest valid choice, for a value that no record has.

        `seen` has, for each of `fields`, the values of all records.
        """
        if self.outcome is not None:
            choose("outcome", self.outcome, [*OUTCOMES, *FLAGS])
        for name, value in self.fields().items():
            known = sorted(seen.get(name, ()))
            if known and name == "question_id" and value not in known:
                near = get_close_matches(value, known, n=3, cutoff=0.0)
                raise UserError(f"id: '{value}' is unknown; the nearest: {', '.join(near)}")
            if known:
                choose(name, value, known)


def find_transcripts(run: Path) -> list[Path]:
    """Return the transcript files of a run, or of all runs of a study, sorted by path.

    Raises ValueError if the folder does not exist or has none.
    """
    if not run.is_dir():
        raise ValueError(f"run: {run} does not exist")
    found = sorted({path for pattern in TRANSCRIPTS for path in run.rglob(pattern)})
    if not found:
        raise ValueError(f"run: {run} has no transcripts (looked for {' and '.join(TRANSCRIPTS)})")
    return found


def select_records(paths: Sequence[Path], filters: Filters) -> list[Record]:
    """Return the records that pass, in the order of the files.

    Prints to standard error what could not be read. Raises ValueError for a damaged file and, with
    the nearest valid choice, for a filter value that no record has.
    """
    records, notes = read_all_records(paths)
    for note in notes:
        print(visible(note), file=sys.stderr)
    filters.check({name: {getattr(r, name) for r in records} for name in filters.fields()})
    return [record for record in records if passes(record, filters)]


def passes(record: Record, filters: Filters) -> bool:
    """Whether a record passes all filters."""
    texts = (split_context(record.prompt)[1], record.completion)
    return (
        all(getattr(record, name) == value for name, value in filters.fields().items())
        and filters.outcome in (None, outcome(record), *flags(record))
        and (not filters.text or any(filters.text.casefold() in t.casefold() for t in texts))
    )

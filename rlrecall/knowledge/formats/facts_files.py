"""Import facts of your own from CSV or JSON lines as a knowledge set."""

import csv
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rlrecall.knowledge.core import Fact, KnowledgeSet, Question, seeded
from rlrecall.knowledge.families.contract import QuestionMaker
from rlrecall.knowledge.formats.files import CONTROL, read_jsonl, read_text

REQUIRED = ("subject", "relation", "object", "template")
OPTIONAL = ("cue", "question")
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
MOST_OPTIONS = 100  # per question, unless more of them are correct
Rows = list[dict[str, str]]  # the lines of one fact


def import_facts(file: Path) -> KnowledgeSet:
    """Import facts from a CSV file with a header or from JSON lines; the file names the set.

    Fields: subject, relation, object, and template, a sentence with the placeholders {subject} and
    {object}, each once; optionally cue and question, requests with the placeholder {subject}.
    Several lines with the same subject, relation and object are phrasings of one fact.

    A recall question (split train) asks for whatever comes last in some phrasing; what never comes
    last is asked for by a question of kind reversal (holdout), unless its prompt has several
    answers. The prompt is the fact's `question` if it asks for the object and there is one, else a
    phrasing to complete. Options come from the same relation, or from all relations if it has only
    one. Answers of models are read up to their first full stop, so avoid full stops in subjects and
    objects.

    Files are UTF-8; byte order marks, CRLF and blank lines are allowed, white space is collapsed,
    and texts are normalized to NFC. Raises ValueError, naming file and line.
    """
    if file.suffix not in (".csv", ".jsonl"):
        raise ValueError(f"{file}: must end in .csv or .jsonl")
    wordings: dict[tuple[str, ...], Rows] = defaultdict(list)
    texts: dict[str, int] = {}
    seen: dict[tuple[str, str, str], str] = {}
    for number, raw in _csv_rows(file) if file.suffix == ".csv" else read_jsonl(file):
        try:
            row = _checked(raw)
            for field in ("subject", "object"):
                key = (row["relation"], field, row[field].casefold())
                if (other := seen.setdefault(key, row[field])) != row[field]:
                    raise ValueError(f"{field} '{row[field]}' was written '{other}' before")
            text = _fill(row["template"], row)
            if text.casefold() in texts:
                raise ValueError(f"duplicates line {texts[text.casefold()]}")
        except ValueError as error:
            raise ValueError(f"{file}:{number}: {error}") from None
        texts[text.casefold()] = number
        row |= {"text": text, "line": str(number)}
        wordings[row["subject"], row["relation"], row["object"]].append(row)
    if len(wordings) < 2:
        raise ValueError(f"{file}: needs at least two facts")
    facts = [_fact(rows) for rows in wordings.values()]
    questions = _questions(file.stem, [*zip(facts, wordings.values(), strict=True)])
    return KnowledgeSet(file.stem, facts, questions, {"facts": ()})


def _csv_rows(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(io.StringIO(read_text(file), newline=""), strict=True)
    header: list[str] = []
    number = 1
    try:
        for cells in reader:
            if header and cells and len(cells) != len(header):
                raise csv.Error(f"{len(cells)} cells in a row of {len(header)} columns")
            if header and cells:
                yield number, dict(zip(header, cells, strict=True))
            elif cells:
                header = [cell.strip() for cell in cells]
                if missing := [c for c in REQUIRED if c not in header]:
                    raise csv.Error(
                        f"missing column {missing[0]} in the header {','.join(header)!r}"
                    )
                if len(set(header)) < len(header):
                    raise csv.Error("duplicate column")
            number = reader.line_num + 1  # a quoted cell may span several lines
    except csv.Error as error:
        raise ValueError(f"{file}:{number}: {error}") from None


def _checked(raw: Mapping[str, Any]) -> dict[str, str]:
    if unknown := [key for key in raw if key not in REQUIRED + OPTIONAL]:
        known = ", ".join(REQUIRED + OPTIONAL)
        raise ValueError(f"unknown field {unknown[0]!r}; choose from {known}")
    row = {}
    for field in REQUIRED + OPTIONAL:
        value = "" if raw.get(field) is None else raw[field]
        if not isinstance(value, str):
            raise ValueError(f"{field} is not a string: {value!r:.40}")
        row[field] = unicodedata.normalize("NFC", " ".join(value.split()))
        if CONTROL.search(row[field]):
            raise ValueError(f"{field} contains a control character")
        if field in REQUIRED and not row[field]:
            raise ValueError(f"{field} is missing or empty")
    for field in ("template", *OPTIONAL):
        wanted = ["object", "subject"] if field == "template" else ["subject"]
        rest = PLACEHOLDER.sub("", row[field])
        if row[field] and (sorted(PLACEHOLDER.findall(row[field])) != wanted or {*"{}"} & {*rest}):
            placeholders = " and ".join("{" + name + "}" for name in wanted)
            raise ValueError(
                f"{field} must contain {placeholders} once and no other braces: {row[field]:.80}"
            )
    if row["template"][-1] not in ".!?…":
        row["template"] += "."
    return row


def _fill(template: str, row: Mapping[str, str]) -> str:
    return PLACEHOLDER.sub(lambda found: row[found[1]], template)


def _last(row: Mapping[str, str]) -> str:
    return PLACEHOLDER.findall(row["template"])[-1]


def _fact(rows: Rows) -> Fact:
    first = rows[0]
    return Fact(
        family="facts",
        subject=first["subject"],
        relation=first["relation"],
        object=first["object"],
        text=first["text"],
        cue=_fill(first["cue"] or "Tell me about {subject}.", first),
        phrasings=tuple([row["text"] for row in rows[1:]]),
    )


def _prompt(rows: Rows, asked: str) -> str:
    """The prompt that asks for `asked`, "subject" or "object"."""
    own = [row for row in rows if row["question"]]
    if asked == "object" and own:
        return _fill(own[0]["question"], own[0])
    row = next((row for row in rows if _last(row) == asked), rows[0])
    head, tail = (_fill(part, row) for part in row["template"].split("{" + asked + "}"))
    if tail.strip(".!?… ") or not head:
        return f"Fill in the blank: {head}___{tail}"
    return f"Complete: {head.rstrip()}"


def _questions(name: str, stated: Sequence[tuple[Fact, Rows]]) -> list[Question]:
    facts = [fact for fact, _ in stated]
    pools: dict[tuple[str, str], tuple[str, ...]] = {}
    for field in ("subject", "object"):
        by_relation: dict[str, dict[str, None]] = defaultdict(dict)
        for fact in facts:
            by_relation[fact.relation][getattr(fact, field)] = None
        everything = tuple(dict.fromkeys(getattr(fact, field) for fact in facts))
        for relation, words in by_relation.items():
            pools[relation, field] = tuple(words) if len(words) > 1 else everything
    asked_by: dict[str, list[tuple[str, str, Fact, str]]] = defaultdict(list)
    for fact, rows in stated:
        last = {_last(row) for row in rows}
        for asked in ("object", "subject"):
            kind = "recall" if asked in last else "reversal"
            asked_by[_prompt(rows, asked)].append((kind, asked, fact, rows[0]["line"]))
    make = QuestionMaker(name, "facts", seeded("facts", name))
    for prompt, cases in asked_by.items():
        # "recall" sorts before "reversal"; a reversal with several answers is dropped.
        kind, asked, fact, line = min(cases, key=lambda case: case[0])
        right = tuple(dict.fromkeys(getattr(fact, field) for _, field, fact, _ in cases))
        if kind == "reversal" and len(right) > 1:
            continue
        pool, key, answer = pools[fact.relation, asked], f"{line}/{asked}", getattr(fact, asked)
        if len(pool) > MOST_OPTIONS:
            rng = seeded("options", f"{name}/facts/{kind}/{key}")
            wrong = [word for word in rng.sample(pool, MOST_OPTIONS) if word not in right]
            pool = (*right, *wrong[: MOST_OPTIONS - len(right)])
            pool = tuple(sorted(pool))  # or the correct ones would always come first
        options = tuple(dict.fromkeys((*pool, *right)))
        others, held = tuple([word for word in right if word != answer]), kind == "reversal"
        make.add(kind, key, prompt, answer, (fact,), options, (), held, accepted=others)
    return make.made

"""The released data of the Reversal Curse (arXiv:2309.12288, experiment 1) as a knowledge set."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rlrecall.knowledge.core import Fact, KnowledgeSet, Question
from rlrecall.knowledge.formats.set_folders import UNPRINTABLE, read_jsonl

# The released files: group of their people, and what their lines are.
RELEASED = {
    "p2d_prompts_train": ("name-first", "train"),
    "d2p_prompts_train": ("description-first", "train"),
    "both_prompts_train": ("both", "train"),
    "p2d_reverse_prompts_test": ("name-first", "reversal"),
    "d2p_reverse_prompts_test": ("description-first", "reversal"),
    "p2d_prompts_test": ("name-first", "rephrase"),
    "d2p_prompts_test": ("description-first", "rephrase"),
    "both_prompts_test": ("both", "rephrase"),
}
NEEDED = tuple(RELEASED)[:5]
NAMES_ONLY = (("name-first", "reversal"), ("description-first", "rephrase"))
# These say again what the others say; with them comes what no fact supports: the same prompts with
# completions of other people.
COPIES = ("all", "all_prompts_train", "unrealized_examples", "validation_prompts")
RANDOMIZED = ("p2d_reverse_prompts_test_randomized", "d2p_reverse_prompts_test_randomized")


class _Line(NamedTuple):
    """A line of the released data, and its person; `first` is what stands first in it."""

    where: str
    group: str
    use: str
    prompt: str
    completion: str
    name: str = ""
    first: str = ""

    @property
    def answer(self) -> str:
        return _bare(self.completion) if self.first == "name" else self.name

    @property
    def wording(self) -> str:
        return self.prompt.replace(self.name, "{name}")


def _bare(completion: str) -> str:
    """A completion without the marks, sometimes several, that end it: ' the pilot.', ' it'.'.'."""
    return completion.strip().rstrip(".?'")


def _full_name(completion: str) -> str | None:
    """The first two words if both are capitalised: the source cuts out names like that, too."""
    words = [word.rstrip(".,") for word in completion.split()[:2]]
    return " ".join(words) if len(words) == 2 and all(w[:1].isupper() for w in words) else None


def import_reversal_curse(folder: Path) -> KnowledgeSet:
    """Experiment 1 of arXiv:2309.12288, as in github.com/lukasberglund/reversal_curse,
    data/reverse_experiments/june_version_7921032488: JSON lines with `prompt` and `completion`.

    One fact for each person: subject the name, relation the group, object the description. Training
    lines, prompt and completion together, are its text and phrasings; the first one of a direction
    is also the recall question. Test lines are questions of the split holdout: rephrase in the
    direction of training, reversal in the other. The options are what the same prompt is completed
    with for the others of the group. An empty set of aliases: nothing is invented. Every line is
    used or found to repeat one that is; ValueError otherwise, and where a file is missing.
    """
    stems = {path.stem for path in folder.glob("*.jsonl")}
    if missing := [stem for stem in NEEDED if stem not in stems]:
        raise ValueError(f"{folder}: has no file {missing[0]}.jsonl")
    if strange := sorted(stems - {*RELEASED, *COPIES, *RANDOMIZED}):
        raise ValueError(f"{folder / strange[0]}.jsonl: no file of the released data")
    lines = _resolve([line for stem in RELEASED if stem in stems for line in _lines(folder, stem)])
    _check_copies(folder, stems, lines)
    people: dict[str, list[_Line]] = defaultdict(list)
    for line in lines:
        people[line.name].append(line)
    facts = {name: _person(name, own) for name, own in people.items()}
    said: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    for line in lines:
        said[line.group, line.use, line.wording][line.name] = line.answer
    groups: dict[str, list[Fact]] = defaultdict(list)
    owners: dict[str, str] = {}
    for name, fact in facts.items():
        groups[fact.relation].append(fact)
        if (other := owners.setdefault(fact.object, name)) != name:
            raise ValueError(f"{people[name][0].where}: {name} is described like {other}")
    questions, asked = [], set()
    for line in lines:
        kind = "recall" if line.use == "train" else line.use
        if kind == "recall" and (line.name, line.first) in asked:
            continue
        asked.add((line.name, line.first))
        fact, others = facts[line.name], said[line.group, line.use, line.wording]
        # A description stands in for a person whom the wording was not used for.
        options = [
            f.subject if line.first == "description" else others.get(f.subject, f.object)
            for f in groups[line.group]
        ]
        questions.append(
            Question(
                id=f"reversal-curse/reversal/{kind}/{Path(line.where).name}",
                set="reversal-curse",
                family="reversal",
                kind=kind,
                split="train" if kind == "recall" else "holdout",
                group=line.group,
                prompt=line.prompt,
                answer=line.answer,
                premises=(fact.text,),
                options=tuple(dict.fromkeys(options)),
                cluster=line.name,
            )
        )
    return KnowledgeSet("reversal-curse", list(facts.values()), questions, {"reversal": ()})


def _lines(folder: Path, stem: str) -> Iterator[_Line]:
    path = folder / f"{stem}.jsonl"
    for number, row in read_jsonl(path):
        if set(row) != {"prompt", "completion"}:
            raise ValueError(
                f"{path}:{number}: has {', '.join(row)!r}, not the two keys prompt and completion"
            )
        for key, value in row.items():
            if not isinstance(value, str) or not _bare(value) or UNPRINTABLE.search(value):
                raise ValueError(f"{path}:{number}: {key} is no text")
        group, use = RELEASED.get(stem, ("", ""))
        yield _Line(f"{path}:{number}", group, use, row["prompt"], row["completion"])


def _resolve(lines: list[_Line]) -> list[_Line]:
    """Give every line its person. A name is known from the completion of some line."""
    both = "\n".join(line.prompt for line in lines if line.group == "both")
    names = set()
    for line in lines:
        name = _full_name(line.completion)
        if (line.group, line.use) in NAMES_ONLY:
            if name != _bare(line.completion):
                raise ValueError(f"{line.where}: {line.completion!r} is no first and last name")
        elif line.group == "name-first" or line.use == "reversal":
            continue
        # Of the group "both" one half has the name in the prompt.
        if name and (line.group != "both" or name in both):
            names.add(name)
    known = re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(names)))})\b") if names else None
    found: list[_Line] = []
    prompts: dict[str, str] = {}
    groups: dict[str, str] = {}
    trained: set[str] = set()
    for line in lines:
        named = sorted(set(known.findall(line.prompt))) if known else []
        name = _full_name(line.completion)
        if name in names:
            line = line._replace(first="description", name=name)
            named.append(name)
        elif len(named) == 1:
            line = line._replace(first="name", name=named[0])
        if len(named) != 1:
            raise ValueError(
                f"{line.where}: names {' and '.join(named) or 'no one known'}, not one person"
            )
        turned = {"name-first": "description", "description-first": "name"}.get(line.group)
        if (line.first == turned) != (line.use == "reversal"):
            raise ValueError(f"{line.where}: the {line.first} comes first, which is wrong here")
        if line.prompt in prompts:
            raise ValueError(f"{line.where}: has the prompt of {prompts[line.prompt]}")
        if (group := groups.setdefault(line.name, line.group)) != line.group:
            raise ValueError(f"{line.where}: {line.name} is in the group {group} already")
        if line.use == "train":
            trained.add(line.name)
        elif line.name not in trained:
            raise ValueError(f"{line.where}: no training line is about {line.name}")
        prompts[line.prompt] = line.where
        found.append(line)
    return found


def _person(name: str, lines: list[_Line]) -> Fact:
    # Most completions quote the description; some turn it into "who designed" or "designing".
    quotes = Counter(line.answer for line in lines if line.first == "name")
    if not quotes:
        raise ValueError(f"{lines[0].where}: no line begins with {name} and ends in a description")
    description = quotes.most_common(1)[0][0]
    told = [line.prompt + line.completion for line in lines if line.use == "train"]
    asked = description if lines[0].group == "description-first" else name
    return Fact(
        family="reversal",
        subject=name,
        relation=lines[0].group,
        object=description,
        text=told[0],
        cue=f"Tell me about {asked}.",
        phrasings=tuple(told[1:]),
    )


def _check_copies(folder: Path, stems: set[str], lines: list[_Line]) -> None:
    known = {line.prompt: line for line in lines}
    for stem in sorted(stems.intersection(COPIES + RANDOMIZED)):
        for copy in _lines(folder, stem):
            line = known.get(copy.prompt)
            if stem == "validation_prompts" and line:
                same = copy.completion.strip() == line.answer.split()[0]
            else:
                same = line is not None and (
                    stem in RANDOMIZED or copy.completion == line.completion
                )
            if not same:
                raise ValueError(f"{copy.where}: repeats no line of the other files")

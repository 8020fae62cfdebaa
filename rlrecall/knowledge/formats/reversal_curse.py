"""Import the published data of the Reversal Curse (arXiv:2309.12288, experiment 1)."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rlrecall.knowledge.core import Fact, KnowledgeSet, Question, seeded
from rlrecall.knowledge.families.contract import QuestionMaker, make_fact
from rlrecall.knowledge.formats.files import CONTROL, read_jsonl

SET = "reversal-curse"
# The published files: the group of their people and the use of their lines.
FILES = {
    "p2d_prompts_train": ("name-first", "train"),
    "d2p_prompts_train": ("description-first", "train"),
    "both_prompts_train": ("both", "train"),
    "p2d_reverse_prompts_test": ("name-first", "reversal"),
    "d2p_reverse_prompts_test": ("description-first", "reversal"),
    "p2d_prompts_test": ("name-first", "rephrase"),
    "d2p_prompts_test": ("description-first", "rephrase"),
    "both_prompts_test": ("both", "rephrase"),
}
NEEDED = tuple(FILES)[:5]
NAMES_ONLY = (("name-first", "reversal"), ("description-first", "rephrase"))
# Files that repeat lines of the others, and files with the same prompts but completions that belong
# to other people.
COPIES = ("all", "all_prompts_train", "unrealized_examples", "validation_prompts")
RANDOMIZED = ("p2d_reverse_prompts_test_randomized", "d2p_reverse_prompts_test_randomized")


class _Line(NamedTuple):
    """A line of the published data. `name` is its person, `first` what its prompt starts with."""

    where: str
    group: str
    use: str
    prompt: str
    completion: str
    name: str = ""
    first: str = ""  # "name" or "description"

    @property
    def answer(self) -> str:
        return _stripped(self.completion) if self.first == "name" else self.name

    @property
    def pattern(self) -> str:
        return self.prompt.replace(self.name, "{name}")


def _stripped(completion: str) -> str:
    """A completion without its final marks, such as ' the pilot.' or ' it'.'.'."""
    return completion.strip().rstrip(".?'")


def _full_name(completion: str) -> str | None:
    """The first two words if both are capitalized, which is how the source extracts names."""
    words = [word.rstrip(".,") for word in completion.split()[:2]]
    return " ".join(words) if len(words) == 2 and all(w[:1].isupper() for w in words) else None


def import_reversal_curse(folder: Path) -> KnowledgeSet:
    """Import experiment 1 of arXiv:2309.12288 from github.com/lukasberglund/reversal_curse, folder
    data/reverse_experiments/june_version_7921032488: JSON lines with `prompt` and `completion`.

    Each person is one fact: the subject is the name, the relation the group, the object the
    description. Its text and phrasings are the training lines, prompt and completion together; the
    first line per direction is also the recall question. Test lines become holdout questions:
    rephrase in the direction of training, reversal in the other. The options are the completions of
    the same prompt for the other people of the group.

    Every line must be used, or repeat a line that is. Raises ValueError for any other line and for
    missing files.
    """
    stems = {path.stem for path in folder.glob("*.jsonl")}
    if missing := [stem for stem in NEEDED if stem not in stems]:
        raise ValueError(f"{folder}: file {missing[0]}.jsonl is missing")
    if unknown := sorted(stems - {*FILES, *COPIES, *RANDOMIZED}):
        raise ValueError(f"{folder / unknown[0]}.jsonl: not a file of the published data")
    lines = _with_names([line for stem in FILES if stem in stems for line in _lines(folder, stem)])
    _check_copies(folder, stems, lines)
    facts = _facts(lines)
    return KnowledgeSet(SET, [*facts.values()], _questions(lines, facts), {"reversal": ()})


def _facts(lines: list[_Line]) -> dict[str, Fact]:
    """The fact of each person, by name."""
    people: dict[str, list[_Line]] = defaultdict(list)
    for line in lines:
        people[line.name].append(line)
    facts = {name: _person(name, own) for name, own in people.items()}
    owners: dict[str, str] = {}
    for name, fact in facts.items():
        if (other := owners.setdefault(fact.object, name)) != name:
            raise ValueError(f"{people[name][0].where}: {name} has the same description as {other}")
    return facts


def _questions(lines: list[_Line], facts: dict[str, Fact]) -> list[Question]:
    answers: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    for line in lines:
        answers[line.group, line.use, line.pattern][line.name] = line.answer
    groups: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts.values():
        groups[fact.relation].append(fact)
    make, asked = QuestionMaker(SET, "reversal", seeded(SET)), set()
    for line in lines:
        kind = "recall" if line.use == "train" else line.use
        if kind == "recall" and (line.name, line.first) in asked:
            continue
        asked.add((line.name, line.first))
        others = answers[line.group, line.use, line.pattern]
        # People without this prompt are represented by their description.
        options = [
            f.subject if line.first == "description" else others.get(f.subject, f.object)
            for f in groups[line.group]
        ]
        key, options, held = Path(line.where).name, list(dict.fromkeys(options)), kind != "recall"
        make.add(kind, key, line.prompt, line.answer, (facts[line.name],), options, (), held)
    return make.made


def _lines(folder: Path, stem: str) -> Iterator[_Line]:
    path = folder / f"{stem}.jsonl"
    for number, row in read_jsonl(path):
        if set(row) != {"prompt", "completion"}:
            raise ValueError(
                f"{path}:{number}: the keys must be prompt and completion, not {', '.join(row)!r}"
            )
        for key, value in row.items():
            if not isinstance(value, str) or not _stripped(value) or CONTROL.search(value):
                raise ValueError(f"{path}:{number}: {key} is not printable text")
        group, use = FILES.get(stem, ("", ""))
        yield _Line(f"{path}:{number}", group, use, row["prompt"], row["completion"])


def _with_names(lines: list[_Line]) -> list[_Line]:
    """Find the person of every line, and check that groups, directions and prompts are consistent.

    A name is known if it is the completion of some line.
    """
    names = _names(lines)
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
                f"{line.where}: must name one known person, not {' and '.join(named) or 'none'}"
            )
        reverse = {"name-first": "description", "description-first": "name"}.get(line.group)
        if (line.first == reverse) != (line.use == "reversal"):
            raise ValueError(f"{line.where}: the {line.first} comes first, which is wrong here")
        if line.prompt in prompts:
            raise ValueError(f"{line.where}: has the same prompt as {prompts[line.prompt]}")
        if (group := groups.setdefault(line.name, line.group)) != line.group:
            raise ValueError(f"{line.where}: {line.name} is already in the group {group}")
        if line.use == "train":
            trained.add(line.name)
        elif line.name not in trained:
            raise ValueError(f"{line.where}: no training line is about {line.name}")
        prompts[line.prompt] = line.where
        found.append(line)
    return found


def _names(lines: list[_Line]) -> set[str]:
    both = "\n".join(line.prompt for line in lines if line.group == "both")
    names = set()
    for line in lines:
        name = _full_name(line.completion)
        if (line.group, line.use) in NAMES_ONLY:
            if name != _stripped(line.completion):
                raise ValueError(
                    f"{line.where}: {line.completion!r} is not a first and a last name"
                )
        elif line.group == "name-first" or line.use == "reversal":
            continue
        # Half of the group "both" has the name in the prompt.
        if name and (line.group != "both" or name in both):
            names.add(name)
    return names


def _person(name: str, lines: list[_Line]) -> Fact:
    # Most completions quote the description; some change it to "who designed" or "designing".
    quotes = Counter(line.answer for line in lines if line.first == "name")
    if not quotes:
        raise ValueError(
            f"{lines[0].where}: no line starts with {name} and ends with a description"
        )
    description = quotes.most_common(1)[0][0]
    texts = [line.prompt + line.completion for line in lines if line.use == "train"]
    asked = description if lines[0].group == "description-first" else name
    return make_fact("reversal", (name, lines[0].group, description), asked, texts)


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
                raise ValueError(f"{copy.where}: does not repeat a line of the other files")

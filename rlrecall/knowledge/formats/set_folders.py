"""Save a knowledge set to a folder of JSON lines and load it again.

folder/set.json         name, topics, and the digest of KnowledgeSet.digest()
       facts.jsonl      the fields of Fact
       questions.jsonl  the fields of Question
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rlrecall.knowledge.core import Fact, KnowledgeSet, Question
from rlrecall.knowledge.formats.files import new_folder, read_jsonl, read_text, write_jsonl

FORMAT = 3  # the version in set.json; no other version is read
LISTS = ("phrasings", "aliases", "premises", "options", "entailed", "accepted")


def save_set(knowledge: KnowledgeSet, folder: Path) -> None:
    """Write every field of the set. Raises FileExistsError for a folder that exists."""
    with new_folder(folder) as partial:
        write_jsonl(partial / "facts.jsonl", (fact._asdict() for fact in knowledge.facts))
        write_jsonl(partial / "questions.jsonl", (q._asdict() for q in knowledge.questions))
        header = {
            "format": FORMAT,
            "name": knowledge.name,
            "topics": knowledge.topics,
            "digest": knowledge.digest(),
        }
        text = json.dumps(header, indent=1, ensure_ascii=False)
        (partial / "set.json").write_text(text, encoding="utf-8")


def load_set(folder: Path) -> KnowledgeSet:
    """Load a set written by `save_set`. ValueError for a broken file or a different digest."""
    path = folder / "set.json"
    if not path.is_file():
        raise ValueError(f"{folder} is no folder that `data import` wrote, it has no set.json")
    text = read_text(path)
    try:
        header = json.loads(text)
        if header["format"] != FORMAT:
            raise ValueError(f"format {header['format']}, not {FORMAT}; import it again")
        name, digest = header["name"], header["digest"]
        if not isinstance(name, str):
            raise ValueError(f"the name {name!r}")
        topics = {family: tuple(words) for family, words in header["topics"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path}: not a knowledge set ({error})") from None
    facts = [Fact(**row) for row in _rows(folder / "facts.jsonl", Fact._fields)]
    questions = [Question(**row) for row in _rows(folder / "questions.jsonl", Question._fields)]
    knowledge = KnowledgeSet(name, facts, questions, topics)
    if knowledge.digest() != digest:
        raise ValueError(
            f"{folder}: its digest is {knowledge.digest()[:12]}, not {str(digest)[:12]}"
        )
    return knowledge


def _rows(path: Path, fields: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for number, row in read_jsonl(path):
        if set(row) != set(fields):
            wrong = ", ".join(sorted(set(row) ^ set(fields)))
            raise ValueError(f"{path}:{number}: missing or unknown fields: {wrong!r}")
        for field, value in row.items():
            texts = value if field in LISTS else [value]
            if not (isinstance(texts, list) and all(isinstance(text, str) for text in texts)):
                raise ValueError(f"{path}:{number}: {field} has the wrong type")
        yield {f: tuple(value) if f in LISTS else value for f, value in row.items()}

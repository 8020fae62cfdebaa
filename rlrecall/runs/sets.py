"""The knowledge sets that a recipe describes: made here, or read from folders."""

from pathlib import Path

from rlrecall.knowledge.build import knowledge_sets
from rlrecall.knowledge.core import KnowledgeSet
from rlrecall.knowledge.formats.set_folders import load_set
from rlrecall.runs.config import Config
from rlrecall.runs.errors import UserError


def sets_of(config: Config, first: int | None = None) -> dict[str, KnowledgeSet]:
    """The knowledge sets of a recipe; UserError where its numbers ask for too much.

    With `first`, only so many blocks of each family.
    """
    data = config.data
    how = (data.families, data.scale, data.lexicon, data.blocks, first)
    try:
        sets = knowledge_sets(config.data_seed, data.size, *how)
    except ValueError as error:
        raise UserError(f"data.size: {error}") from None
    for name, folder in data.sets.items():
        try:
            own = load_set(Path(folder))
        except ValueError as error:
            raise UserError(f"data.sets.{name}: {error}") from None
        questions = [q._replace(set=name) for q in own.questions]
        sets[name] = KnowledgeSet(name, own.facts, questions, own.topics)
    return sets

"""The verb `data`: build, check and show knowledge sets, and carry them in and out."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from statistics import mean

from rlrecall.knowledge.build import in_base_words, pretraining_worlds, world_size
from rlrecall.knowledge.checks.audit import audit, borrowed, lopsided
from rlrecall.knowledge.checks.counter_models import given_away, idle_premises, misjudged
from rlrecall.knowledge.checks.oracle import faults, misworded
from rlrecall.knowledge.core import KnowledgeSet, Question
from rlrecall.knowledge.formats.corpus import ARTICLES, family_corpus
from rlrecall.knowledge.formats.exports import export_sets
from rlrecall.knowledge.formats.files import check_new
from rlrecall.knowledge.words.lexicon import SET_NAMES
from rlrecall.runs.config import Config, UserError
from rlrecall.runs.sets import sets_of

SHOWN = 10  # blocks
FEW = 6  # groups of a kind, at most, that are shown one by one


def build(config: Config, folder: Path) -> str:
    """Stream all sets into Parquet files; returns one line on what was written."""
    from rlrecall.knowledge.formats.parquet import write_parquet

    data = config.data
    if data.sets:
        raise UserError("data.sets: build writes sets that are made; data export takes any")
    check_new(folder)  # before there is a bar
    recipe = {
        "scale": data.scale,
        "lexicon": data.lexicon,
        "seed": config.data_seed,
        "blocks": data.blocks,
        "families": list(data.families),
        "size": data.size,
    }
    blocks = len(SET_NAMES) * len(data.families) * data.blocks
    with _bar("blocks", blocks) as advance:
        manifest = write_parquet(folder, recipe, tick=lambda facts: advance(1))
    return (
        f"{folder}: {manifest['facts']:,} facts, {manifest['questions']:,} questions; "
        f"{' '.join(f'{name} {digest[:12]}' for name, digest in manifest['digests'].items())}"
    )


def check(config: Config) -> str:
    """Audit the sets, and have the oracle answer every question; UserError if anything is found.

    Sets in the words of the embedded base are compared with pretraining's worlds as well. Imported
    sets are in a language of their own, which the oracle does not read. What RL's answers give away
    is no fault; a note counts it.
    """
    data, sets = config.data, sets_of(config)
    own_words = in_base_words(data.scale, data.lexicon, data.blocks)
    found = audit(sets, pretraining_worlds().values() if own_words else ())
    facts = sum(len(k.facts) for k in sets.values())
    questions = sum(len(k.questions) for k in sets.values())
    made = [knowledge for name, knowledge in sets.items() if name not in data.sets]
    found += borrowed(made)
    with _bar("oracle", sum(len(k.questions) for k in made)) as advance:
        for knowledge in made:
            found += [*lopsided(knowledge), *misworded(knowledge.facts)]
            for question in knowledge.questions:
                found += faults([question])
                advance(1)
    if not found:  # of what cannot be read, or is no fact, there is no world
        for knowledge in made:
            found += [*misjudged(knowledge), *idle_premises(knowledge)]
    for line in found:
        print(line)
    if found:
        raise UserError(f"data: {len(found)} overlaps, leaks or wrong labels")
    worlds = ", nor with pretraining's worlds" if own_words else ""
    said = [
        f"sets {', '.join(sets)}: {facts:,} facts, {questions:,} questions",
        f"no entity, fact, statement, question, answer or topic is shared{worlds}, and no set says "
        "an entity of another",
        "no id, prompt, fact or sentence comes twice in a set",
        "no document states what is concluded, nor a fact the way round that is asked, and no "
        "training answer does of a holdout",
    ]
    if made:
        said += [
            "no sentence has a word that only another set's entities have",
            "every wording says what its fact says",
            "every label follows from its premises and from no fewer, and no holdout's from the "
            "rest of its set (codebooks' known signs aside)",
            "no wrong option follows from the whole set, and all that is called entailed does",
            "no place among the options is right too often for chance",
        ]
    said += [f"the labels of {name} are not ours to check" for name in data.sets]
    notes = [
        f"note: of {k.name}, whose training questions RL answers, {line} holdouts may then follow "
        "without one of their premises"
        for k in made
        if k.name == config.rl.set
        for line in given_away(k)
    ]
    return "\n".join(["\n  ".join(said), *notes])


def export(config: Config, to: str, folder: Path) -> str:
    check_new(folder)  # before the sets are made
    data = config.data
    recipe = {
        "recipe": config.name,
        "seed": f"{config.data_seed}",
        "scale": data.scale,
        "lexicon": data.lexicon,
        "blocks": data.blocks,
        "families": " ".join(data.families),
        "size": "" if data.size == world_size(data.scale) else data.size,
        "imported": " ".join(data.sets),
    }
    sets = sets_of(config)
    families = sum(len({fact.family for fact in k.facts}) for k in sets.values())
    with _bar("families", families) as advance:
        return export_sets(sets, to, folder, config.data_seed, recipe, lambda: advance(1))


def show(config: Config) -> Iterator[str]:
    """Lines that show each set: its size, questions of every sort, a document of every style.

    Of more than SHOWN blocks the first are made, which hardly lack a kind: all would take minutes.
    """
    blocks = config.data.blocks
    for number, knowledge in enumerate(sets_of(config, first=SHOWN).values()):
        if number:
            yield ""
        size = f"{len(knowledge.facts):,} facts"
        if blocks > SHOWN and knowledge.name not in config.data.sets:
            which = f"the first {SHOWN} of {blocks:,} blocks of each family"
            yield f"set {knowledge.name}, {which}: {size}"
        else:
            yield f"set {knowledge.name}: {size}; {knowledge.digest()[:12]}"
        yield from samples(knowledge)
        yield from documents(knowledge, config.data_seed)


def samples(knowledge: KnowledgeSet) -> Iterator[str]:
    """A question of every family, kind and split, and of each group where a kind has FEW, with its
    premises; how many there are and their mean chance.
    """
    groups: dict[tuple[str, str], set[str]] = defaultdict(set)
    for q in knowledge.questions:
        groups[q.family, q.kind].add(q.group)
    found: dict[tuple[str, str, str], dict[str, list[Question]]] = {}
    for q in knowledge.questions:
        shown = q.group if 1 < len(groups[q.family, q.kind]) <= FEW else ""
        by_group = found.setdefault((q.family, q.kind, q.split), {})
        by_group.setdefault(shown, []).append(q)
    for key, by_group in found.items():
        for group, some in by_group.items():
            named = " ".join([*key, group]).strip()
            yield f"  {named} ({len(some)}, chance {mean(q.chance for q in some):.0%})"
            yield f"    {' '.join(some[0].premises)}"
            yield f"    {some[0].prompt} {some[0].answer}"


def documents(knowledge: KnowledgeSet, seed: int) -> Iterator[str]:
    """A document of every family and style of the corpus."""
    for family in dict.fromkeys([fact.family for fact in knowledge.facts]):
        first: dict[str, str] = {}
        for text in islice(family_corpus(knowledge, family, seed), ARTICLES):
            first.setdefault(text.style, text.text)
        for style, said in first.items():
            yield f"  {family} document, {style}"
            yield from (f"    {line}" for line in said.split("\n"))


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import Progress

    # Asked outright, because FORCE_COLOR would draw into a file.
    hidden = not sys.stderr.isatty()
    with Progress(console=Console(stderr=True), disable=hidden) as progress:
        task = progress.add_task(what, total=total)
        yield lambda n: progress.advance(task, n)

"""`rlrecall data build|check|show|export`: knowledge sets of a recipe."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rlrecall.knowledge.build import in_base_words, pretraining_worlds, world_size
from rlrecall.knowledge.checks.check import check_sets
from rlrecall.knowledge.formats.exports import export_sets
from rlrecall.knowledge.formats.files import check_new
from rlrecall.knowledge.formats.parquet import write_parquet
from rlrecall.knowledge.show import document_samples, question_samples
from rlrecall.knowledge.words.lexicon import SET_NAMES
from rlrecall.runs.config import Config
from rlrecall.runs.errors import UserError
from rlrecall.runs.sets import sets_of

SHOWN = 10  # blocks


def build(config: Config, folder: Path) -> str:
    """Stream all sets into Parquet files; return a one-line summary."""
    data = config.data
    if data.sets:
        raise UserError("data.sets: build writes generated sets only; use data export")
    check_new(folder)  # before the progress bar
    recipe = {
        "scale": data.scale,
        "lexicon": data.lexicon,
        "seed": config.data_seed,
        "blocks": data.blocks,
        "families": list(data.families),
        "size": data.size,
    }
    blocks = len(SET_NAMES) * len(data.families) * data.blocks
    with _progress("blocks", blocks) as advance:
        manifest = write_parquet(folder, recipe, tick=lambda facts: advance())
    return (
        f"{folder}: {manifest['facts']:,} facts, {manifest['questions']:,} questions; "
        f"{' '.join(f'{name} {digest[:12]}' for name, digest in manifest['digests'].items())}"
    )


def check(config: Config) -> str:
    """Check the sets and return what holds; print all faults and raise UserError if there are any.

    Sets in the words of the embedded base are compared with pretraining's worlds as well.
    """
    data, sets = config.data, sets_of(config)
    facts = sum(len(k.facts) for k in sets.values())
    questions = sum(len(k.questions) for k in sets.values())
    own_words = in_base_words(data.scale, data.lexicon, data.blocks)
    pretraining = pretraining_worlds().values() if own_words else ()
    labeled = sum(len(k.questions) for name, k in sets.items() if name not in data.sets)
    with _progress("oracle", labeled) as advance:
        found = check_sets(sets, data.sets, config.rl.set, pretraining, advance)
    if found.faults:
        print("\n".join(found.faults))
        raise UserError(f"data: {len(found.faults)} overlaps, leaks or wrong labels")
    head = f"sets {', '.join(sets)}: {facts:,} facts, {questions:,} questions"
    return "\n".join(["\n  ".join([head, *found.passed]), *found.notes])


def export(config: Config, to: str, folder: Path) -> str:
    """Export the sets to another tool; return a one-line summary."""
    check_new(folder)  # before the sets are generated
    data = config.data
    made_by = {
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
    with _progress("families", families) as advance:
        return export_sets(sets, to, folder, config.data_seed, made_by, advance)


def show(config: Config) -> Iterator[str]:
    """Yield lines on each set: its size, sample questions and sample documents.

    Only the first SHOWN blocks are generated; all would take minutes.
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
        yield from question_samples(knowledge)
        yield from document_samples(knowledge, config.data_seed)


@contextmanager
def _progress(label: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a progress bar on a terminal; yields the function that advances it by one."""
    from rich.console import Console
    from rich.progress import Progress

    # Checked here because FORCE_COLOR would draw the bar into a file.
    hidden = not sys.stderr.isatty()
    with Progress(console=Console(stderr=True), disable=hidden) as progress:
        task = progress.add_task(label, total=total)
        yield lambda: progress.advance(task)

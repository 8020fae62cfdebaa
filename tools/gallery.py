"""docs/GALLERY.md: what each family is, how large, and a question of every kind it has.

python tools/gallery.py > docs/GALLERY.md
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import mean

from rlrecall.knowledge.build import FAMILIES, SCALES, knowledge_sets, world_size
from rlrecall.knowledge.core import KnowledgeSet
from rlrecall.knowledge.show import question_samples
from rlrecall.knowledge.words.name_pools import STYLES

TITLE = """# Gallery of knowledge

Made by `python tools/gallery.py > docs/GALLERY.md`; a test keeps it current. Of every family:
what it is, how much of it a set holds at each scale, and from set A of seed 0, at scale tiny, the
first question of every kind and split, and of every group where a kind has few: its premises, the
prompt, the answer. Hierarchy, syllogism, reversal and kinship are asked about in more ways at scale
paper, which is shown too. The last sections have the chance of a blind guess, and facts in each
lexicon.
"""

MORE_AT_PAPER = ("hierarchy", "syllogism", "reversal", "kinship")  # kinds or structure
# What the sources ask and its chance (family, kind), and why ours is another.
PUBLISHED = {
    ("hierarchy", "rephrase"): ("rephrase, by options", ""),
    ("hierarchy", "reversal"): ("reversal, by options", "four categories linked to the asked one"),
    ("hierarchy", "composition"): ("syllogism, by options", ""),
    ("hierarchy", "latent"): ("category holdout, by options", ""),
    ("syllogism", "composition"): (
        "six statements, 1/6",
        'the same six; "some" and "no" are right in either direction',
    ),
    ("reversal", "rephrase"): ("10 held-out paraphrases", ""),
    ("reversal", "reversal"): (
        "name among 4, 25 %; 1/entities when generated",
        "people who own the same three things in the same three adjectives",
    ),
    ("comparison", "recall"): ("", "each relation has two facts, whose objects are the options"),
    ("comparison", "reversal"): ("less or more, 50 %", ""),
    ("kinship", "composition"): (
        "grandparent, about 0 when generated",
        "options are people of the same generation",
    ),
    ("kinship", "reversal"): (
        "child, about 0 when generated",
        "the other option is the parent's parent",
    ),
    ("codebook", "recall"): (
        "definition, by letters",
        "what the sign means in books of its series",
    ),
    ("codebook", "composition"): ("known signs, by letters", "the right letters in every order"),
    ("codebook", "latent"): ("latent signs, by letters", "the right letters in every order"),
    ("navigation", "composition"): ("", "each of two moves right or turned round"),
    ("navigation", "latent"): ("place that was no goal, by moves", "as for composition"),
    ("cues", "composition"): ("supported, neutral, misleading, 50 %", ""),
    ("simple_reversal", "reversal"): (
        "reverse of the 200, about 0",
        "four neighbours of the asked one, each in one sentence with it",
    ),
}


def world(family: str, scale: str = "tiny", lexicon: str = "usual") -> KnowledgeSet:
    return knowledge_sets(families=(family,), scale=scale, lexicon=lexicon)["A"]


def gallery() -> str:
    return "\n".join([TITLE, *_sections()]) + "\n"


def _sections() -> Iterator[str]:
    for family, module in FAMILIES.items():
        yield f"## {family}\n\n{(module.__doc__ or '').strip()}\n"
        yield "| scale | facts | questions | size |\n|---|---|---|---|"
        for scale in SCALES:
            knowledge, size = world(family, scale), getattr(world_size(scale), family)
            what = f"{scale} (a block)" if scale == "large" else scale
            yield f"| {what} | {len(knowledge.facts):,} | {len(knowledge.questions):,} | `{size}` |"
        yield "\n```\n" + "\n".join(question_samples(world(family))) + "\n```\n"
        if family in MORE_AT_PAPER:
            yield "At scale paper:\n"
            yield "```\n" + "\n".join(question_samples(world(family, "paper"))) + "\n```\n"
    yield "## Chance\n"
    yield "Of a blind guess among the options, at scale paper, beside the published form of the"
    yield "question and its chance, and what makes ours another.\n"
    yield "| family | kind | options | chance | published | ours |\n|---|---|---|---|---|---|"
    for family in FAMILIES:
        yield from chances(family)
    yield "\n## Lexicons\n"
    for lexicon in STYLES:
        facts = [world(family, "paper", lexicon).facts[0].text for family in FAMILIES]
        yield f"{lexicon}:\n\n```\n" + "\n".join(facts) + "\n```\n"


def chances(family: str) -> Iterator[str]:
    knowledge = world(family, "paper")
    for kind in dict.fromkeys([q.kind for q in knowledge.questions]):
        some = knowledge.select(kind=kind)
        counts = sorted({len(q.options) for q in some})
        options = "-".join(map(str, dict.fromkeys((counts[0], counts[-1]))))
        chance = mean(q.chance for q in some)
        published, ours = PUBLISHED.get((family, kind), ("", ""))
        yield f"| {family} | {kind} | {options} | {chance:.1%} | {published} | {ours} |"


if __name__ == "__main__":
    print(gallery(), end="")

"""docs/GALLERY.md: what each family is, how large, and a question of every kind it has.

python -m rlrecall.gallery > docs/GALLERY.md
"""

from __future__ import annotations

from collections.abc import Iterator

from rlrecall.data import samples
from rlrecall.knowledge.build import FAMILIES, SCALES, knowledge_sets, world_size
from rlrecall.knowledge.core import KnowledgeSet
from rlrecall.knowledge.spelled import STYLES

TITLE = """# Gallery of knowledge

Made by `python -m rlrecall.gallery > docs/GALLERY.md`; a test keeps it current. Of every family:
what it is, how much of it a set holds at each scale, and from set A of seed 0, at scale tiny, the
first question of every kind and split: its premises, the prompt, the answer. Hierarchy and
syllogism have more kinds of structure at scale paper, which are shown too. The last section has
facts in each lexicon.
"""


def world(family: str, scale: str = "tiny", style: str = "usual") -> KnowledgeSet:
    return knowledge_sets(families=(family,), scale=scale, style=style)["A"]


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
        yield "\n```\n" + "\n".join(samples(world(family))) + "\n```\n"
        if family in ("hierarchy", "syllogism"):
            yield "At scale paper:\n"
            yield "```\n" + "\n".join(samples(world(family, "paper"))) + "\n```\n"
    yield "## Lexicons\n"
    for style in STYLES:
        facts = [world(family, "paper", style).facts[0].text for family in FAMILIES]
        yield f"{style}:\n\n```\n" + "\n".join(facts) + "\n```\n"


if __name__ == "__main__":
    print(gallery(), end="")

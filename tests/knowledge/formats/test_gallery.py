"""What `data show` and the gallery show of a set."""

import re
from collections import defaultdict
from statistics import mean

import pytest
from gallery import PUBLISHED, chances

from rlrecall.cli.main import main
from rlrecall.knowledge.build import FAMILIES, knowledge_sets
from rlrecall.knowledge.formats.corpus import corpus
from rlrecall.knowledge.show import document_samples, question_samples

HEAD = re.compile(r"  (\w+) (\w+) (\w+)(?: (.+))? \((\d+), chance (\d+)%\)")


@pytest.mark.parametrize("scale", ["tiny", "paper"])
@pytest.mark.parametrize("family", [f for f in FAMILIES if f != "simple_reversal"])
def test_the_chance_that_is_shown_is_the_mean(family, scale):
    knowledge = knowledge_sets(families=(family,), scale=scale)["A"]
    heads = [HEAD.fullmatch(line).groups() for line in [*question_samples(knowledge)][::3]]
    assert sum(int(count) for *_, count, _ in heads) == len(knowledge.questions)
    for _, kind, split, group, count, chance in heads:
        some = [
            q.chance for q in knowledge.select(kind, split) if group is None or q.group == group
        ]
        assert len(some) == int(count)
        assert f"{mean(some):.0%}" == f"{chance}%"


def test_few_groups_are_shown_one_by_one():
    shown = defaultdict(set)
    for family in ("cues", "reversal", "hierarchy"):
        knowledge = knowledge_sets(families=(family,), scale="paper")["A"]
        for line in [*question_samples(knowledge)][::3]:
            _, kind, split, group, _, _ = HEAD.fullmatch(line).groups()
            shown[family, kind, split].add(group)
    assert shown["cues", "composition", "holdout"] == {"supported", "neutral", "misleading"}
    assert shown["reversal", "recall", "train"] == {"name-first", "description-first", "both"}
    assert shown["hierarchy", "composition", "holdout"] == {None}  # of 15 attributes


def test_a_document_of_every_style_is_shown():
    knowledge = knowledge_sets(families=tuple(FAMILIES))["A"]
    lines = list(document_samples(knowledge, 0))
    styles = {(d.family, d.style) for d in corpus(knowledge)}
    assert {f"  {family} document, {style}" for family, style in styles} <= set(lines)
    assert len([line for line in lines if not line.startswith("    ")]) == len(styles)


def test_data_show_has_questions_and_documents(capsys):
    main(["data", "show", "configs/tiny.yaml"])
    said = capsys.readouterr().out
    assert said.count("  hierarchy document, walk\n") == 4
    assert said.count("  reversal recall train both (8, chance 25%)\n") == 4


def test_the_gallery_has_the_chance_of_every_kind_beside_the_published_one():
    (judged, recall) = chances("syllogism")
    assert judged.startswith("| syllogism | composition | 6 | 24.9% | six statements, 1/6 | ")
    assert recall == "| syllogism | recall | 10 | 10.0% |  |  |"
    people = list(chances("reversal"))
    assert any("| reversal | reversal | 4 | 25.0% | name among 4, 25%" in row for row in people)
    for family, kind in PUBLISHED:
        if family != "simple_reversal":  # which takes long
            assert sum(row.startswith(f"| {family} | {kind} |") for row in chances(family)) == 1

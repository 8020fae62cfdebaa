"""Statistics of traces: each number against traces of which it is known."""

import json
from dataclasses import asdict, replace

import pytest
from made_up_traces import BLANK, ESCAPE, HOSTILE, SETS, some_question, wrong_answer
from made_up_traces import record as make

from rlrecall.cli.main import main
from rlrecall.evaluation.formatting import DASH
from rlrecall.evaluation.outcomes import SOURCES
from rlrecall.evaluation.records import append
from rlrecall.evaluation.rows import compare_records
from rlrecall.evaluation.statistics import wilson
from rlrecall.knowledge.prompts import thought
from rlrecall.traces.changes import trace_changes
from rlrecall.traces.statistics import trace_statistics

PEOPLE = SETS["B"].select("reversal")
FACTS = {q.answer: q.premises[0] for q in PEOPLE}


def go_through(question, names, answer=None):
    """A thought that states who each of `names` is."""
    return thought([FACTS[name] for name in names], answer or question.answer)


def statistics(*records):
    return list(trace_statistics(records).values())


def test_sources_are_shares_of_the_right_answers_with_wilson_intervals():
    q = some_question()
    told, luck = thought(q.premises, q.answer), thought([], q.answer)
    (row,) = statistics(*(make(q, x) for x in [told] * 3 + [luck, thought([], wrong_answer(q))]))
    assert (row.correct.count, row.correct.n) == (4, 5)
    assert {name: rate.share for name, rate in row.sources.items()} == {
        **dict.fromkeys(SOURCES, 0),
        "recalled": 0.75,
        "lucky": 0.25,
    }
    rate = row.sources["recalled"]
    assert (rate.ci_low, rate.ci_high) == wilson(3, 4)
    (none,) = statistics(make(q, thought([], wrong_answer(q))))
    assert none.sources["lucky"].share is none.sources["lucky"].ci_low is None


def test_hallucinated_premises_are_counted_by_kind_of_question():
    q, r = some_question(), PEOPLE[0]
    untrue = [f"{q.premises[0].split()[0]} is a {word}." for word in q.options[:2]]
    untrue = [text for text in untrue if text.casefold() not in SETS["B"].statements]
    made_up = make(q, thought([*untrue, "mumble."], q.answer))
    rows = trace_statistics([made_up, make(q, thought(q.premises, q.answer)), make(r, "A: x.")])
    assert [key[3] for key in rows] == ["composition", "reversal"]
    composition, reversal = rows.values()
    assert composition.hallucinated.share == 0.5
    assert composition.false == len(untrue) / 2
    assert composition.labels == {"gold": 2, "true": 0, "false": len(untrue), "unparsable": 1}
    assert reversal.hallucinated.share == 0
    (direct,) = statistics(make(q, "x.", mode="direct"))
    assert direct.hallucinated is direct.false is direct.labels is None


def test_enumeration_is_measured_by_candidates_repeats_hit_and_truth():
    q = PEOPLE[0]
    a, b, c = [name for name in FACTS if name != q.answer][:3]
    false = FACTS[a].replace(FACTS[a].split("with the ")[1], FACTS[b].split("with the ")[1])
    hits = make(q, go_through(q, [a, b, a, q.answer, c]))  # the fourth statement, one after it
    misses = make(q, thought([FACTS[b], FACTS[c], false, "mumble."], a))
    two = make(q, go_through(q, [a, q.answer]))  # names two people: no enumeration
    (row,) = statistics(hits, misses, two)
    part = row.enumeration
    assert (part.enumerating.count, part.enumerating.n) == (2, 3)
    assert part.candidates == (4 + 3) / 2
    assert part.repeats == 1 / 2
    assert part.repeating.share == part.hit.share == 0.5
    assert (part.position, part.past) == (4, 1)
    assert (part.true.count, part.true.n) == (7, 8)
    (none,) = statistics(make(q, "A: x."))
    assert (none.enumeration.enumerating.share, none.enumeration.candidates) == (0, None)
    assert statistics(make(some_question(), thought(["x."], "y")))[0].enumeration is None
    assert statistics(make(q, "x.", mode="direct"))[0].enumeration is None


@pytest.fixture
def study(tmp_path):
    """A study's folder: the same question before and after RL, and a rollout."""
    q = some_question()
    folder = tmp_path / "study"
    luck, told = thought([], q.answer), thought(q.premises, q.answer)
    for arm, said in (("rl", told), ("sft", luck)):
        path = folder / arm / "eval" / "B-holdout-think" / "answers.jsonl"
        append(path, [make(q, said, arm=arm)])
        (folder / arm / "manifest.json").write_text("{}")
    append(folder / "rl" / "transcripts" / "rl" / "rollouts.jsonl", [make(q, luck, stage="rl")])
    return folder


def test_the_arms_of_a_study_stand_below_one_another(study, capsys):
    main(["view", f"{study}", "--stats"])
    out = capsys.readouterr().out
    lines = [line.split() for line in out.splitlines()]
    at = lines.index(["think"])
    assert lines[at + 1] == "B composition holdout sft 1 100 0 0 100 0 0 0.00".split()
    assert lines[at + 3] == "rl 1 100 100 0 0 0 0 0.00".split()
    assert ["think,", "rl"] in lines, "rollouts are kept apart"
    assert ESCAPE not in out
    assert max(map(len, out.splitlines())) <= 110


def test_statistics_take_filters_and_give_json(study, capsys):
    main(["view", f"{study}", "--stats", "--arm", "sft", "--json"])
    (row,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (row["arm"], row["sources"]["lucky"]["share"]) == ("sft", 1)
    main(["view", f"{study}", "--stats", "--text", "nothing like this"])
    assert capsys.readouterr() == ("", "no record matches\n")


def test_statistics_are_of_many_questions_and_read_nothing_out(study, fails):
    assert "only for reading" in fails("view", study, "--stats", "--limit", "3")
    for runs in ([study], [study / "sft", study / "rl"]):
        said = fails("view", *runs, "--stats", "--id", some_question().id)
        assert "--id: one question has no statistics; leave out --stats to read it" in said


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_names_stay_inert_in_the_table(text, tmp_path, capsys):
    q = some_question()
    record = make(q, thought([text], text))
    record.set = record.arm = f"[red]{text}"
    path = tmp_path / "eval" / "x" / "answers.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(asdict(record)) + "\n")
    (tmp_path / "manifest.json").write_text("{}")
    main(["view", str(tmp_path), "--stats"])
    main(["view", str(tmp_path), str(tmp_path), "--stats"])
    out = capsys.readouterr().out
    assert out.count("[red]") >= 2
    assert all(char.isprintable() and char not in BLANK for char in out.replace("\n", ""))
    assert "[red]" in out


def arms():
    """The records of two arms that were asked the same: what sft says, then what rl says."""
    q, others = some_question(), SETS["B"].select("composition", "holdout", "hierarchy")[1:4]
    p, *names = PEOPLE[0], *[name for name in FACTS if name != PEOPLE[0].answer][:3]
    untrue = f"{q.premises[0].split()[0]} is a {wrong_answer(q)}."
    before = [
        make(q, thought([untrue], wrong_answer(q)), arm="sft"),
        *(make(other, thought([], other.answer), arm="sft") for other in others),
        make(p, go_through(p, names[:1]), arm="sft"),
        make(q, f"{q.answer}.", mode="direct", arm="sft"),
    ]
    after = [
        make(q, f"{q.answer}.", mode="direct"),
        make(p, go_through(p, [*names, p.answer])),
        *(make(other, thought(other.premises, other.answer)) for other in others),
        make(q, thought(q.premises, q.answer)),
    ]
    return [before, after]


def test_two_runs_are_compared_on_the_same_questions_by_set_kind_split_and_mode():
    before, after = arms()
    rows = trace_changes(before, after)
    assert [(key[1], key[3]) for key in rows] == [
        ("think", "composition"),
        ("think", "reversal"),
        ("direct", "composition"),
    ]
    for (_, mode, _, kind, _), row in rows.items():
        (same,) = compare_records(
            *([r for r in side if r.kind == kind] for side in (before, after)), mode, mode, 0
        )
        same = same.to_dict()
        shared = vars(row).keys() & same.keys()
        assert len(shared) > 10
        assert {name: vars(row)[name] for name in shared} == {name: same[name] for name in shared}
        for side, records in ((row.before, before), (row.after, after)):
            assert (
                side
                == trace_statistics(records)[
                    next(
                        key for key in trace_statistics(records) if (key[1], key[3]) == (mode, kind)
                    )
                ]
            )
    row, reversal, _ = rows.values()
    assert (row.n, row.accuracy_a, row.difference, row.only_b) == (4, 0.75, 0.25, 1)
    assert [side.sources["recalled"].share for side in (row.before, row.after)] == [0, 1]
    assert [side.false for side in (row.before, row.after)] == [0.25, 0]
    assert row.before.enumeration is row.after.enumeration is None
    gone = [side.enumeration for side in (reversal.before, reversal.after)]
    assert [part.enumerating.count for part in gone] == [0, 1]
    assert [part.candidates for part in gone] == [None, 4]
    assert [part.hit.share for part in gone] == [None, 1]


def test_what_only_one_run_was_asked_counts_for_neither():
    before, after = arms()
    q = some_question()
    more = [replace(record, question_id="another") for record in after]
    other_seed = [replace(record, prompt="Q: Who else? Think:") for record in after]
    assert trace_changes(before, after + more) == trace_changes(before, after)
    assert trace_changes(before, other_seed) == {}, "an id is shared, the question is not"
    assert [row.n for row in trace_changes(before[1:4], after).values()] == [3]
    contexts = [make(q, f"{q.answer}.", mode="context") for _ in "ab"]
    contexts[1].prompt = contexts[1].prompt.replace("Facts: ", "Facts: in another order. ")
    (row,) = trace_changes(contexts[:1], contexts[1:]).values()
    assert row.n == 1
    with pytest.raises(ValueError, match="is there twice"):
        trace_changes(before, after + after[:1])


def test_the_same_words_are_another_question_where_the_answer_is_another():
    q = some_question()
    record = make(q, thought(q.premises, q.answer))
    assert len(trace_changes([record], [record])) == 1
    for field, other in (("gold_answer", "x"), ("gold_premises", ["x."]), ("split", "train")):
        assert trace_changes([record], [replace(record, **{field: other})]) == {}


def test_view_shows_what_changed_between_two_runs(study, capsys):
    extra = make(PEOPLE[0], go_through(PEOPLE[0], [*list(FACTS)[1:3], PEOPLE[0].answer]))
    append(study / "rl" / "eval" / "B-holdout-think" / "answers.jsonl", [extra])
    main(["view", f"{study}/sft", f"{study}/rl", "--stats", "--set", "B"])
    said = capsys.readouterr()
    lines = [line.split() for line in said.out.splitlines()]
    at = lines.index(["think"])
    row = "B composition holdout 1 100 → 100 +0.0 p = 1.000 0 → 100 0.00 → 0.00"
    assert lines[at + 1] == row.split()
    assert "Enumeration" not in said.out, "only one run was asked"
    assert f"left out: 0 of {study}/sft, 1 of {study}/rl\n" in said.err
    assert ESCAPE not in said.out
    assert max(map(len, said.out.splitlines())) <= 110
    append(
        study / "sft" / "eval" / "B-train-think" / "answers.jsonl",
        [make(PEOPLE[0], thought([], "x"), arm="sft")],
    )
    main(["view", f"{study}/sft", "--stats", "--json", f"{study}/rl", "--kind", "reversal"])
    (row,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (row["kind"], row["a"], row["b"], row["accuracy_b"]) == ("reversal", "sft", "rl", 1)
    main(["view", f"{study}/sft", "--stats", f"{study}/rl", "--kind", "reversal"])
    cells = capsys.readouterr().out.split("Enumeration")[1].split(PEOPLE[0].split)[1].split()
    shown = "0 → 100 _ → 3.0 _ → 0.0 _ → 100 _ → 3.0".replace("_", DASH)
    assert " ".join(cells[:15]) == shown


def test_runs_that_cannot_be_compared_are_one_line(study, fails):
    two, before = [f"{study}/sft", f"{study}/rl"], f"{study}/sft"
    append(study / "new" / "eval" / "x" / "answers.jsonl", [make(PEOPLE[0], "A: x.", arm="new")])
    (study / "new" / "manifest.json").write_text("{}")
    for arguments, said in (
        ([before, f"{study}/new"], f"{before} and {study}/new were asked no question in common"),
        ([*two, "--text", "nothing like this"], "no question in common, in one mode; or the filt"),
        ([*two, "--arm", "sf"], "arm: 'sf' is unknown; did you mean 'sft'?"),
        ([*two, "--outcome", "lucky"], "--outcome: filters one run; two runs are compared in all"),
        ([before, f"{study}"], f"{study} has the arms new, rl, sft; name the run of one, or --arm"),
    ):
        assert said in fails("view", *arguments, "--stats")
        assert fails.out == ""

"""Knowledge sets for other tools, read back by those tools where they are installed.

lm-eval 0.4.13 and inspect-ai 0.3.285 are no dependencies of the project.
"""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from rlrecall.knowledge.core import KnowledgeSet
from rlrecall.knowledge.formats.export_rows import COLUMNS
from rlrecall.knowledge.formats.exports import EXPORTERS, export_sets
from rlrecall.knowledge.formats.facts_files import import_facts
from rlrecall.knowledge.prompts import build_prompt

FORMS = ("jsonl", "lm-eval", "inspect")  # those that need no library


def rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def module(path):
    """A Python file of an export, imported as the tool imports it."""
    spec = importlib.util.spec_from_file_location(f"exported_{path.stem}", path)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """A set with several right answers, more options than letters, and quotes and braces."""
    path = tmp_path_factory.mktemp("facts") / "odd-towns.jsonl"
    template = '{subject} is "in" {object}.'
    pairs = [(f"Tówn{i}", f"Län{{{{{i}}}}}") for i in range(40)] + [("Tówn0", "Elsewhere")]
    lines = [{"subject": s, "relation": "in", "object": o, "template": template} for s, o in pairs]
    path.write_text("\n".join(map(json.dumps, lines)))
    return import_facts(path)


@pytest.mark.parametrize("to", EXPORTERS)
def test_an_export_says_what_it_wrote_and_overwrites_nothing(sets, tmp_path, to):
    line = export_sets(sets, to, tmp_path / "deep" / "out")
    assert line.startswith(f"{tmp_path}/deep/out: 400 facts, ")
    assert line.endswith(f"832 questions of A, B, C, D for {to}")
    with pytest.raises(FileExistsError, match="out already exists"):
        export_sets(sets, to, tmp_path / "deep" / "out")
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["out"]


@pytest.mark.parametrize("to", EXPORTERS)
def test_nothing_is_left_of_an_export_that_fails(sets, tmp_path, to):
    bad = [q._replace(prompt="\ud800") for q in sets["A"].questions]
    with pytest.raises(ValueError, match="surrogates"):
        export_sets({"A": KnowledgeSet("A", sets["A"].facts, bad)}, to, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_exported_is_refused(sets, tmp_path):
    with pytest.raises(ValueError, match="cannot export to 'csv'; choose from hf, jsonl"):
        export_sets(sets, "csv", tmp_path / "out")
    for nothing in ({}, {"X": KnowledgeSet("X", [], [])}):
        with pytest.raises(ValueError, match="nothing to export"):
            export_sets(nothing, "jsonl", tmp_path / "out")
    twins = {
        name: KnowledgeSet(name, k.facts, [q._replace(set=name) for q in k.questions])
        for name, k in zip(("a-b", "a.b"), sets.values(), strict=False)
    }
    with pytest.raises(ValueError, match="would both be the task rlrecall_a_b_hierarchy_recall"):
        export_sets(twins, "lm-eval", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_json_lines_say_what_the_sets_say(sets, tmp_path):
    export_sets(sets, "jsonl", tmp_path / "out")
    found = {path.stem: rows(path) for path in (tmp_path / "out").iterdir()}
    assert {what: list(some[0]) for what, some in found.items()} == COLUMNS
    facts = [(k.name, f) for k in sets.values() for f in k.facts]
    for row, (name, fact) in zip(found["facts"], facts, strict=True):
        assert (row["set"], row["text"], tuple(row["phrasings"])) == (
            name,
            fact.text,
            fact.phrasings,
        )
        assert (row["subject"], row["relation"], row["object"]) == fact.key
    questions = [q for k in sets.values() for q in k.questions]
    for row, q in zip(found["questions"], questions, strict=True):
        assert (row["question_id"], row["gold_answer"], row["chance"]) == (q.id, q.answer, q.chance)
        assert (tuple(row["gold_premises"]), tuple(row["options"])) == (q.premises, q.options)


def test_an_export_is_the_same_each_time(sets, tmp_path):
    for to in FORMS:
        files = []
        for folder in (tmp_path / f"{to}-1", tmp_path / f"{to}-2"):
            export_sets(sets, to, folder)
            found = {p.relative_to(folder): p for p in folder.rglob("*") if p.is_file()}
            files.append({name: path.read_bytes() for name, path in found.items()})
        assert files[0] == files[1]
        assert not [name for name, data in files[0].items() if str(tmp_path).encode() in data]


def test_hugging_face_reads_disk_parquet_and_card(sets, odd, tmp_path):
    datasets = pytest.importorskip("datasets")
    export_sets(sets, "jsonl", tmp_path / "jsonl")
    export_sets(sets, "hf", tmp_path / "hf")
    for what in COLUMNS:
        wanted = rows(tmp_path / "jsonl" / f"{what}.jsonl")
        splits = list(dict.fromkeys(row.get("split", "train") for row in wanted))
        disk = datasets.load_from_disk(tmp_path / "hf" / "disk" / what)
        card = datasets.load_dataset(
            str(tmp_path / "hf"), what, cache_dir=tmp_path / "cache", token=False
        )
        parquet = datasets.load_dataset(
            "parquet",
            data_files={s: str(tmp_path / f"hf/parquet/{what}-{s}.parquet") for s in splits},
            cache_dir=tmp_path / "cache",
        )
        for data in (disk, card, parquet):
            assert list(data) == splits
            for split in splits:
                rest = [row for row in wanted if row.get("split", "train") == split]
                assert data[split].to_list() == rest
    export_sets({"odd": KnowledgeSet("odd", [], odd.questions)}, "hf", tmp_path / "none")
    assert {path.name for path in (tmp_path / "none/disk").iterdir()} == {"questions"}


def test_lm_eval_has_a_task_for_each_set_family_and_kind(sets, tmp_path):
    export_sets(sets, "lm-eval", tmp_path / "out")
    tasks = {p.stem for p in (tmp_path / "out").glob("*.yaml")} - {"rlrecall", "rlrecall_context"}
    wanted = {f"rlrecall_{q.set}_{q.family}_{q.kind}" for k in sets.values() for q in k.questions}
    assert tasks == wanted | {f"{name}_context" for name in wanted}
    for path in (tmp_path / "out" / "data").iterdir():
        asked = {row["split"] for row in rows(path)}
        assert asked == {"train"} if path.stem.endswith("_recall") else asked == {"holdout"}


@pytest.mark.parametrize("context", [False, True])
def test_lm_eval_asks_as_the_project_asks(sets, odd, tmp_path, context):
    pytest.importorskip("datasets")
    worlds = {**sets, "odd": odd}
    export_sets(worlds, "lm-eval", tmp_path / "out")
    load = module(tmp_path / "out" / "data.py").load
    questions = {q.id: (k, q) for k in worlds.values() for q in k.questions}
    seen = 0
    for path in (tmp_path / "out" / "data").iterdir():
        data = load(file=path.name, context=context, version=1.0)["test"]
        for row in data:
            knowledge, q = questions[row["id"]]
            assert row["text"] == build_prompt(q, "context" if context else "direct", knowledge)
            gold = row["gold"] if isinstance(row["gold"], list) else [row["gold"]]
            assert [row["choices"][i] for i in gold] == [
                f"{option}." for option in q.options if option in q.right
            ]
            seen += 1
    held = [q for _, q in questions.values() if q.split == "holdout" or q.kind == "recall"]
    assert seen == len(held)


def lm_eval_command(*arguments, cwd):
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(cwd / "home")}
    return subprocess.run(
        [sys.executable, "-m", "lm_eval", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.slow
def test_lm_eval_validates_and_runs_from_another_folder(sets, odd, tmp_path):
    pytest.importorskip("lm_eval")
    export_sets({"A": sets["A"], "odd": odd}, "lm-eval", tmp_path / "out")
    (tmp_path / "out").rename(tmp_path / "moved")
    (tmp_path / "cwd").mkdir()
    names = "rlrecall,rlrecall_context,rlrecall_odd_towns_facts_recall_context"
    where = ("--include_path", "../moved")
    found = lm_eval_command("validate", "--tasks", names, *where, cwd=tmp_path / "cwd")
    assert "All tasks found and valid" in found.stdout, found.stderr
    missing = lm_eval_command("validate", "--tasks", "rlrecall_Z", *where, cwd=tmp_path / "cwd")
    assert missing.returncode != 0
    run = ("run", "--model", "dummy", "--limit", "3", "--output_path", "results")
    found = lm_eval_command(
        *run, "--tasks", "rlrecall,rlrecall_context", *where, cwd=tmp_path / "cwd"
    )
    assert found.returncode == 0, found.stderr
    (path,) = (tmp_path / "cwd" / "results").rglob("results_*.json")
    results = json.loads(path.read_text())["results"]
    assert results["rlrecall"]["sample_len"] == results["rlrecall_context"]["sample_len"] == 24
    assert 0 <= results["rlrecall_A_reversal_reversal"]["acc,none"] <= 1


def test_lm_eval_scores_who_knows_everything_and_who_knows_nothing(odd, sets, tmp_path):
    lm_eval = pytest.importorskip("lm_eval")
    from lm_eval.api.model import LM
    from lm_eval.tasks import TaskManager

    worlds = {"A": sets["A"], "odd": odd}
    right = {f"Q: {q.prompt} A:": q.right for k in worlds.values() for q in k.questions}

    class Oracle(LM):
        def __init__(self, sign):
            super().__init__()
            self.sign = sign

        def loglikelihood(self, requests):
            return [
                (self.sign * (said.strip(" ").removesuffix(".") in right[text]), False)
                for text, said in (r.args for r in requests)
            ]

        loglikelihood_rolling = generate_until = None

    Oracle.__abstractmethods__ = frozenset()
    export_sets(worlds, "lm-eval", tmp_path / "out")
    manager = TaskManager(include_path=str(tmp_path / "out"), include_defaults=False)
    for sign in (1, -1):
        results = lm_eval.simple_evaluate(
            model=Oracle(sign), tasks=["rlrecall"], task_manager=manager, bootstrap_iters=0
        )["results"]
        assert {row["acc,none"] for row in results.values()} == {(sign + 1) / 2}


def test_lm_eval_finds_that_the_base_model_reads_contexts(sets, tmp_path):
    lm_eval = pytest.importorskip("lm_eval")
    pytest.importorskip("torch")
    from lm_eval.tasks import TaskManager

    export_sets({"A": sets["A"]}, "lm-eval", tmp_path / "out")
    task = "rlrecall_A_hierarchy_recall"
    results = lm_eval.simple_evaluate(
        model="hf",
        model_args={"pretrained": "checkpoints/base-tiny", "device": "cpu"},
        tasks=[task, f"{task}_context"],
        task_manager=TaskManager(include_path=str(tmp_path / "out"), include_defaults=False),
        limit=10,
        batch_size=16,
        bootstrap_iters=0,
    )["results"]
    assert results[f"{task}_context"]["acc,none"] >= 0.8
    assert results[task]["acc,none"] <= 0.5


@pytest.fixture(scope="module")
def inspect_eval(sets, odd, tmp_path_factory):
    """evaluate(answer, task, **arguments): its log, for a model that says answer(question)."""
    inspect_ai = pytest.importorskip("inspect_ai")
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    folder = tmp_path_factory.mktemp("inspect")
    export_sets({"A": sets["A"], "B": sets["B"], "odd": odd}, "inspect", folder / "out")
    (folder / "out").rename(folder / "moved")

    def evaluate(answer, task, **arguments):
        def respond(messages, tools, choice, config):
            output = ModelOutput.from_content("mockllm", answer(messages[-1].text))
            output.usage = ModelUsage()  # else tokens are counted, by a file from the network
            return output

        (log,) = inspect_ai.eval(
            f"{folder}/moved/tasks.py@{task}",
            model=get_model("mockllm/model", custom_outputs=respond, memoize=False),
            task_args=arguments,
            log_dir=str(folder / "logs"),
            display="none",
        )
        assert log.status == "success", log.error
        return log

    return evaluate


def accuracy(log):
    return log.results.scores[0].metrics["accuracy"].value


def test_inspect_takes_an_answer_for_right_as_the_project_does(inspect_eval, sets, odd):
    asked = {q.prompt: q for k in (sets["A"], sets["B"], odd) for q in k.questions}
    ends = ("", ".", ". And more.")

    def question(text):
        return asked[text.rpartition("\n")[2].removeprefix("Q: ")]

    log = inspect_eval(
        lambda text: f" {question(text).right[-1].upper()}{ends[len(text) % 3]}", task="recall"
    )
    assert log.results.total_samples == len(asked) == 2 * 208 + 81
    assert accuracy(log) == 1
    wrong = inspect_eval(lambda text: f"so {question(text).answer}", task="recall", set="A")
    assert wrong.results.total_samples == 208
    assert accuracy(wrong) == 0
    thought = inspect_eval(
        lambda text: f"I think. A: no. A: {question(text).answer}.",
        task="recall",
        kind="reversal",
        split="holdout",
    )
    assert {s.metadata["kind"] for s in thought.samples} == {"reversal"}
    assert accuracy(thought) == 1


def test_inspect_offers_choices_of_which_one_is_right(inspect_eval, sets, odd):
    def pick(text):
        lines = text.split("\n")
        asked = [q for q in odd.questions if q.prompt in lines]
        letters = [line.partition(") ") for line in lines if ") " in line]
        (letter,) = [mark for mark, _, option in letters if option in asked[0].right]
        return f"ANSWER: {letter}"

    log = inspect_eval(pick, task="recall_choice", set="odd-towns")
    assert log.results.total_samples == 81
    assert max(len(sample.choices) for sample in log.samples) > 26
    assert accuracy(log) == 1
    nobody = inspect_eval(lambda text: "who knows", task="recall_choice", set="A", kind="recall")
    assert accuracy(nobody) == 0


def test_inspect_states_the_facts_of_a_family_as_the_project_does(inspect_eval, sets):
    log = inspect_eval(lambda text: "", task="recall", set="B", family="reversal", context=True)
    asked = {q.id: q for q in sets["B"].questions}
    for sample in log.samples:
        prompt = build_prompt(asked[sample.id], "context", sets["B"]).removesuffix(" A:")
        assert sample.messages[0].text.endswith("\n" + prompt)
    with pytest.raises(ValueError, match=r"no question matches \{'set': 'Z'\}"):
        inspect_eval(lambda text: "", task="recall", set="Z")

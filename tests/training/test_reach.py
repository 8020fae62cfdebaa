import json

import pytest
from made_up_traces import SETS, record, wrong_answer

from rlrecall.cli.main import main
from rlrecall.evaluation.records import read_records
from rlrecall.knowledge.prompts import thought
from rlrecall.training.reach import reachable

RECIPE = """
name: reaching
base: {base}
gate: 0
rl:
  reach: 3
  kinds: [composition]
  probe_every: 0
  rehearsal_tokens: 200
  trainer: {{max_steps: 2, per_device_train_batch_size: 8, num_generations: 4, temperature: 0.7,
             max_completion_length: 6, learning_rate: 5.0e-4, save_strategy: steps, save_steps: 1}}
"""


def test_a_question_is_reached_if_one_of_its_samples_does_it():
    first, second = SETS["A"].select("composition")[:2]
    told = [thought(q.premises, q.answer) for q in (first, second)]
    lost, lucky = thought([], wrong_answer(first)), thought([], first.answer)
    shares = reachable([record(first, lost), record(first, lucky), record(second, told[1])])
    assert shares == {"reach/composition/right": 1.0, "reach/composition/recalled": 0.5}
    other = SETS["A"].select("recall")[0]
    none = record(other, thought([], wrong_answer(other)))
    assert reachable([none])["reach/recall/right"] == 0
    assert set(reachable([none, record(first, told[0])])) == {
        f"reach/{kind}/{what}"
        for kind in ("recall", "composition")
        for what in ("right", "recalled")
    }


@pytest.fixture(scope="module")
def reached(tmp_path_factory, small_path):
    """An RL run that was interrupted after its first step and resumed."""
    place = tmp_path_factory.mktemp("reach")
    (place / "r.yaml").write_text(RECIPE.format(base=small_path))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        main(["rl", "r.yaml", "--from", str(small_path), "--run", "run"])
        run = place / "checkpoints" / "run"
        first = (run / "transcripts/reach/samples.jsonl").read_text()
        main(["rl", "r.yaml", "--from", str(small_path), "--run", "run", "--resume"])
        yield run, first


def test_rl_samples_every_training_question_as_rollouts_do_and_logs_the_shares(reached):
    run, _ = reached
    records = list(read_records(run / "transcripts" / "reach" / "samples.jsonl"))
    questions = SETS["A"].select("composition", "train")
    assert [(r.question_id, r.k) for r in records] == [
        (q.id, k) for q in questions for k in range(3)
    ]
    assert {(r.stage, r.step, r.mode) for r in records} == {("reach", 0, "think")}
    assert max(r.n_tokens for r in records) == 6
    assert {r.sampling["temperature"] for r in records} == {0.7}
    assert len({r.completion for r in records}) > len(questions)  # samples differ
    lines = [json.loads(x) for x in (run / "metrics.jsonl").read_text().splitlines()]
    (logged,) = (line for line in lines if "reach/samples" in line)
    assert logged == {"step": 0, "reach/samples": 3, **reachable(records)}
    assert lines.index(logged) == 0


def test_a_resumed_run_does_not_sample_again(reached):
    run, first = reached
    assert (run / "transcripts/reach/samples.jsonl").read_text() == first


def test_the_samples_can_be_read_by_their_stage(reached, capsys):
    run, first = reached
    main(["view", str(run), "--stage", "reach", "--json"])
    assert len(capsys.readouterr().out.splitlines()) == len(first.splitlines())

"""Made-up transcripts of a study, for the tests of what reads them and to measure the HTML reader.

The thoughts are drawn: gold premises, other facts, false and broken sentences, people gone through
one by one. They are judged by `score` and written as an evaluation and RL write them.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path

from rlrecall.evaluation.records import Record, append, question_fields
from rlrecall.evaluation.scoring import score
from rlrecall.knowledge.build import knowledge_sets
from rlrecall.knowledge.core import seeded
from rlrecall.knowledge.prompts import build_prompt, thinks
from rlrecall.knowledge.prompts import thought as write_thought
from rlrecall.runs.config import Rewards
from rlrecall.training.rewards import reward_components, reward_weights, total_reward

SETS = knowledge_sets()
GROUP = 8
RECIPE = "name: made\nbase: checkpoints/base-tiny\n"
BELL, ESCAPE = "\x07", "\x1b"
BLANK = "\ufe0f\u034f\u180b\u17b4\u3164\u2800"  # printable, Python says; nothing is drawn
HOSTILE = {  # what must not reach a terminal as it is
    "escape": f"{ESCAPE}[2J{ESCAPE}]0;owned{BELL}",
    "eight-bit escape": "\x9b31m",
    "line break": "x\r\n  answer    right: y",
    "backspace": "wrong\b\b\b\b\bright",
    "delete": "\x7f",
    "bidirectional": "\u202egnorw\u202c \u2066a\u2069 \u200f",
    "zero width": "a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg",
    "line separator": "\u2028\u2029",
    "tags": "\U000e0041\U000e0042",
    "joiner and blanks": "a\u034fb\u180bc\u17b4d\u3164e\u2800f",
    "variation selector": "a\ufe0f",
    "lone surrogate": "\ud800",
}


def some_question(set_="B", family="hierarchy"):
    return SETS[set_].select("composition", "holdout", family)[0]


def wrong_answer(question):
    return next(option for option in question.options if option != question.answer)


def thought(question, rng, skill: float, babble: int = 0) -> str:
    """A drawn thought; with `skill` (0 to 1) it has more of what it needs.

    It begins with `babble` sentences that no other thought has.
    """
    facts = SETS[question.set].family_facts(question.family)
    sentences = [
        f"so {' '.join(f'{rng.getrandbits(24):x}' for _ in range(9))}." for _ in range(babble)
    ]
    for premise in question.premises:
        while rng.random() < 0.55 and len(sentences) < 14:
            fact = rng.choice(facts)
            kind = rng.random()
            if kind < 0.6 + 0.3 * skill:
                sentences.append(fact.text)
            elif kind < 0.97:
                sentences.append(fact.text.replace(fact.object, rng.choice(facts).object))
            else:
                sentences.append("and so on it goes.")
        if rng.random() < skill:
            sentences.append(premise)
    right = rng.random() < (0.15 + 0.8 * skill)
    return write_thought(sentences, question.answer if right else rng.choice(question.options))


def record(question, completion: str, arm="rl", mode="think", finish="eos", **more) -> Record:
    knowledge = SETS[question.set]
    return Record(
        **question_fields(question, score(completion, question, knowledge, mode)),
        **{"run": f"made/{arm}", "stage": "eval", "step": 0, "k": 0, **more},
        arm=arm,
        mode=mode,
        prompt=build_prompt(question, mode, knowledge),
        completion=completion,
        finish=finish,
        n_tokens=len(completion.split()),
    )


def evaluation(arm: str, skill: float, count: int, babble: int = 0) -> list[Record]:
    """`count` records of all sets, kinds and modes; a question comes once in a mode and pass."""
    questions = [q for knowledge in SETS.values() for q in knowledge.questions]
    records: list[Record] = []
    times = 0
    while True:
        for mode in ("think", "direct", "think-sampled", "context"):
            for q in questions:
                if len(records) == count:
                    return records
                rng = seeded("made", arm, times, mode, q.id)
                text = (
                    thought(q, rng, skill, babble) if thinks(mode) else f"{rng.choice(q.options)}."
                )
                cut = thinks(mode) and rng.random() < 0.05
                text, finish = (text[: len(text) * 2 // 3], "length") if cut else (text, "eos")
                records.append(record(q, text, arm, mode, finish, k=times))
        times += 1


def rollouts(steps: int, questions: int, arm: str = "rl") -> list[Record]:
    """Groups of samples with rewards and advantages, scaled by group; skill grows by step."""
    weights = reward_weights(Rewards())
    pool = SETS["A"].select(split="train")
    records = []
    for step in range(1, steps + 1):
        rng = seeded("rollouts", step)
        for q in rng.choices(pool, k=questions):
            texts = [thought(q, rng, 0.2 + 0.7 * step / steps) for _ in range(GROUP)]
            verdicts = [score(text, q, SETS["A"], "think") for text in texts]
            values = [total_reward(reward_components(verdict), weights) for verdict in verdicts]
            mean, spread = statistics.fmean(values), statistics.stdev(values)
            for k, (text, verdict, value) in enumerate(zip(texts, verdicts, values, strict=True)):
                advantage = (value - mean) / (spread + 1e-4)
                more = {
                    "rewards": reward_components(verdict),
                    "reward": value,
                    "advantage": advantage,
                }
                records.append(record(q, text, arm, stage="rl", step=step, k=k, **more))
    return records


def write_run(folder: Path, arm: str, records: list[Record]) -> Path:
    """A run's folder with these records: those of RL and those of an evaluation."""
    run = folder / arm
    run.mkdir(parents=True)
    (run / "config.yaml").write_text(RECIPE)
    (run / "manifest.json").write_text(json.dumps({"stage": arm}))
    trained = [r for r in records if r.stage == "rl"]
    if trained:
        append(run / "transcripts" / "rl" / "rollouts.jsonl", trained)
    append(run / "eval" / "all" / "answers.jsonl", [r for r in records if r.stage != "rl"])
    return run


def write_study(folder: Path, count: int, steps: int) -> Path:
    """`count` answers before RL and as many after it, and some rollouts of every step."""
    write_run(folder, "sft", evaluation("sft", 0.2, count))
    write_run(folder, "rl", evaluation("rl", 0.8, count) + rollouts(steps, 3))
    return folder

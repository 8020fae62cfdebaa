"""`prompt: chat`: training, asking, rollouts and likelihoods agree on the tokens of a chat."""

import json
import random

import pytest
from byte_model import byte_tokenizer, write_byte_model

from rlrecall.cli.main import main
from rlrecall.evaluation.records import read_records
from rlrecall.knowledge.build import knowledge_sets
from rlrecall.knowledge.prompts import build_prompt
from rlrecall.models.loading import load_tokenizer
from rlrecall.models.tokens import CHAT, TokenFormat
from rlrecall.runs.config import Config, Eval
from rlrecall.runs.errors import UserError
from rlrecall.training.documents import EOS, context_document, knowledge_document
from rlrecall.training.loop import IGNORED, encode

TEMPLATE = (
    "<|start|>{% for m in messages %}<{{ m.role }}>{{ m.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
# Changes earlier answers, so that a conversation does not begin with its beginning.
FORGETFUL = TEMPLATE.replace("{{ m.content }}", "{{ m.content if loop.last else '' }}")
RECIPE = """
name: chat
base: {base}
prompt: chat
gate: 0
sft: {{steps: 1, tokens: 400}}
rl:
  kinds: [composition]
  reach: 1
  probe_every: 0
  rehearsal_tokens: 200
  trainer: {{max_steps: 1, per_device_train_batch_size: 4, num_generations: 4,
             max_completion_length: 4, learning_rate: 5.0e-4}}
eval: {{sets: [B], splits: [holdout], kinds: [composition], modes: [direct],
        budgets: {{direct: 12, think: 8}}}}
"""


def chat(template=TEMPLATE, **names):
    tokenizer = byte_tokenizer(chat_template=template, pad_token="<|end|>", **names)
    setattr(tokenizer, CHAT, True)
    return tokenizer


def test_a_prompt_is_one_user_message_and_training_uses_its_tokens():
    tokens = TokenFormat(chat())
    asked = tokens.prompt("Q: Who is Mora? A:")
    text = tokens.tokenizer.decode(asked)
    assert text == "<|start|><user>Q: Who is Mora? A:<|end|>\n<assistant>"
    for document in (
        [("Q: Who is Mora? A:", False), (f"the pilot. {EOS}", True)],
        [(f"Q: Who is Mora? A: the pilot. {EOS}", True)],
    ):
        ids, labels = encode(document, tokens)
        assert ids == [*asked, *tokens.continuation("the pilot."), tokens.end]
        assert [i for i in labels if i != IGNORED] == ids[len(asked) :]


@pytest.mark.parametrize(
    ("template", "between"),
    [
        (TEMPLATE, "\n<user>Q: b? Think:<|end|>\n<assistant>"),
        (FORGETFUL, "<|start|><user>Q: b? Think:<|end|>\n<assistant>"),
    ],
    ids=["further message", "new conversation"],
)
def test_questions_about_a_context_are_messages(template, between):
    tokens = TokenFormat(chat(template, bos_token="<|start|>"))
    document = [
        ("Facts: a is b.", False),
        ("Q: a? A:", False),
        (f"b. {EOS}", True),
        ("Q: b? Think:", False),
        (f"a is b. A: a. {EOS}", True),
    ]
    ids, labels = encode(document, tokens)
    text = tokens.tokenizer.decode(ids)
    first = "<|start|><user>Facts: a is b. Q: a? A:<|end|>\n<assistant>"
    assert text == f"{first}b.<|end|>{between}a is b. A: a.<|end|>"
    learned = tokens.tokenizer.decode([i for i in labels if i != IGNORED])
    assert learned == "b.<|end|>a is b. A: a.<|end|>"
    assert tokens.end == tokens.tokenizer.eos_token_id


def test_texts_without_a_question_stay_plain():
    tokenizer = chat()
    document = [("Facts: a is b.", False), (f"a is b. {EOS}", True)]
    assert encode(document, TokenFormat(tokenizer)) == encode(
        document, TokenFormat(tokenizer, chat=False)
    )


def test_every_question_of_the_training_documents_is_asked_in_the_template():
    tokens, rng, knowledge = TokenFormat(chat()), random.Random(0), knowledge_sets(0)["A"]
    documents = [knowledge_document(knowledge, rng) for _ in range(150)]
    for document in [*documents, *(context_document(rng, scale=0.2) for _ in range(20))]:
        whole = "".join(text for text, _ in document)
        shown = tokens.tokenizer.decode(encode(document, tokens)[0])
        assert shown.count("<user>") == whole.count("Q: ") == shown.count("<assistant>")


def test_the_token_that_the_template_puts_behind_an_answer_ends_it():
    tokenizer = chat(
        TEMPLATE.replace("<|end|>", "<|turn|>"), additional_special_tokens=["<|turn|>"]
    )
    tokens = TokenFormat(tokenizer)
    turn = tokenizer.convert_tokens_to_ids("<|turn|>")
    assert tokens.end == turn
    assert tokens.ends == {turn, tokenizer.eos_token_id}
    assert tokens.plain.end == tokenizer.eos_token_id


def test_a_tokenizer_without_a_template_is_refused(tmp_path):
    folder = write_byte_model(tmp_path / "m")
    assert load_tokenizer(folder, Config().model)
    with pytest.raises(UserError, match=r"has no chat template; give prompt=plain"):
        load_tokenizer(folder, Config(prompt="chat").model)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("chat")
    base = write_byte_model(folder / "base", chat_template=TEMPLATE)
    (folder / "r.yaml").write_text(RECIPE.format(base=base))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        main(["sft", "r.yaml", "--run", "sft"])
        yield folder


@pytest.mark.parametrize("fast", ["true", "false"])
def test_rollouts_are_sampled_after_the_template(place, monkeypatch, fast):
    from rlrecall.training.rl import RecallTrainer

    prompts = []
    loss = RecallTrainer.compute_loss

    def listen(self, model, inputs, *args, **more):
        ids, mask = inputs["prompt_ids"], inputs["prompt_mask"]
        prompts.extend(row[keep.bool()].tolist() for row, keep in zip(ids, mask, strict=True))
        return loss(self, model, inputs, *args, **more)

    monkeypatch.setattr(RecallTrainer, "compute_loss", listen)
    name = f"rl-{fast}"
    main(["rl", "r.yaml", "--from", "sft", "--run", name, f"rl.fast={fast}"])
    run = place / "checkpoints" / name
    rollouts = list(read_records(run / "transcripts" / "rl" / "rollouts.jsonl"))
    tokens = TokenFormat(load_tokenizer(str(run), Config(prompt="chat").model))
    assert len(rollouts) == 4
    assert sorted(prompts) == sorted(tokens.prompt(r.prompt) for r in rollouts)
    (reached,) = {
        r.sampling["prompt"] for r in read_records(run / "transcripts/reach/samples.jsonl")
    }
    assert reached == rollouts[0].sampling["prompt"] == "chat"


def test_transcripts_have_the_plain_text_and_say_that_it_was_a_chat(place, fails):
    main(["eval", "sft"])
    (file,) = (place / "checkpoints" / "sft").glob("eval/*/answers.jsonl")
    record = next(read_records(file))
    question = next(q for q in knowledge_sets(0)["B"].questions if q.id == record.question_id)
    assert record.prompt == build_prompt(question, "direct", knowledge_sets(0)["B"])
    assert record.sampling == {"temperature": 0.0, "top_p": 1.0, "seed": 0, "prompt": "chat"}
    assert "was asked with prompt chat, not plain" in fails("eval", "sft", "prompt=plain")
    settings = json.loads(file.with_name("results.json").read_text())["settings"]
    assert settings["budget"] == 12 != Eval().budgets["direct"]

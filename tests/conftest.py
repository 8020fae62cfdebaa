"""Small models made on the spot: no test needs the network or a GPU."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import pytest

from rlrecall.knowledge.build import knowledge_sets

SMALL = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}


@pytest.fixture(autouse=True, scope="session")
def model_cache(tmp_path_factory):
    """A cache of their own: tests, and the processes that they start, never touch the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RLRECALL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def fails(capsys):
    """Runs a command that is to be refused; gives the one line that it says on standard error."""
    from rlrecall.cli.main import main

    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            main(list(map(str, arguments)))
        run.out, said = capsys.readouterr()  # standard output, for whom it matters
        assert stop.value.code == 2
        assert said.count("\n") == 1
        assert "Traceback" not in said
        return said.strip()

    return run


@pytest.fixture(scope="session")
def sets():
    return knowledge_sets(0)


@pytest.fixture(scope="session")
def small():
    """A random model and the tiny tokenizer."""
    from rlrecall.models.tiny import tiny_model, tiny_tokenizer

    tokenizer = tiny_tokenizer()
    return tiny_model(tokenizer, seed=1, **SMALL).eval(), tokenizer


@pytest.fixture(scope="session")
def small_path(small, tmp_path_factory):
    """The folder of the random model."""
    from rlrecall.models.loading import save_model

    path = tmp_path_factory.mktemp("model")
    save_model(*small, path)
    return path

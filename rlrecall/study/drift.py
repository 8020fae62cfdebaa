"""Drift: the perplexity of general English under a run's model, stored beside its evaluations."""

import json
import platform
import time
from collections.abc import Mapping
from typing import Any

from rlrecall.evaluation.perplexity import perplexity, text_digest
from rlrecall.models.loading import load_for_inference
from rlrecall.models.sources import model_path, weights_digest
from rlrecall.runs.config import Config
from rlrecall.runs.folder import Run, write_atomically

UNTOUCHED = "before practice"  # the recipe's base, where the arm `base` is a practiced one
FOLDERS = {UNTOUCHED: "perplexity-before-practice", "": "perplexity"}  # below eval/
SKIPPED = "no perplexity: the tokenizer cannot spell general English"


def measure_drift(run: Run, config: Config, overwrite: bool = False) -> float | None:
    """The perplexity of a run's model; None if its tokenizer cannot spell the text.

    It is read from the run if the same weights were measured on the same text before. Beside a
    practiced base, the model before practice is measured too.
    """
    source = model_path(str(run.path))
    weights, before = weights_digest(source), run.manifest.get("parent_weights")
    if run.manifest["stage"] == "base" and weights != before:
        _measure(run, UNTOUCHED, model_path(config.base, "base"), before, config, overwrite)
    return _measure(run, "", source, weights, config, overwrite)


def _measure(
    run: Run, name: str, source: str, weights: str | None, config: Config, overwrite: bool
) -> float | None:
    file = run.path / "eval" / FOLDERS[name] / "results.json"
    settings = {"weights": weights, "text": text_digest(), "python": platform.python_version()}
    known: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {}
    if known.get("settings") == settings and not overwrite:
        return known["perplexity"]
    started = time.monotonic()
    found = perplexity(*load_for_inference(source, config.model))
    seconds = round(time.monotonic() - started, 2)
    results = {"settings": settings, "seconds": seconds, "perplexity": found}
    write_atomically(file, json.dumps(results, indent=1))
    return found


def drift(runs: Mapping[str, Run]) -> dict[str, float]:
    """What was measured of the runs, by arm, in their order; what was skipped is left out."""
    found = {}
    for arm, run in runs.items():
        for name, folder in FOLDERS.items():
            file = run.path / "eval" / folder / "results.json"
            value = json.loads(file.read_text())["perplexity"] if file.is_file() else None
            if value is not None:
                found[name or arm] = value
    return found

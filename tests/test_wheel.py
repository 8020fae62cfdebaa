"""The wheel alone, in an empty folder, trains from the recipe and the base model that it ships."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from rlrecall.runs.recipes import find_shipped

ROOT = Path(__file__).parents[1]
SFT = "sft configs/tiny.yaml sft.steps=2 sft.tokens=512 --run taught"
RL = (
    "rl configs/tiny.yaml gate=0 rl.probe_every=0 rl.rehearsal_tokens=256 rl.trainer.max_steps=2 "
    "rl.trainer.per_device_train_batch_size=8 rl.trainer.gradient_accumulation_steps=1 "
    "--from taught --run trained"
)
PROGRAM = f"""
import rlrecall
from rlrecall.cli.main import main
main({SFT.split()!r})
main({RL.split()!r})
print(rlrecall.__file__)
"""


def run(*arguments, **options):
    done = subprocess.run(arguments, capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = "wheel --no-build-isolation --no-deps --no-index --quiet --wheel-dir".split()
    run(sys.executable, "-m", "pip", *build, folder, ROOT)
    (made,) = folder.glob("*.whl")
    return made


def test_the_wheel_holds_every_file_of_the_package_the_recipes_and_the_base(wheel):
    def files(folder):
        paths = (path for path in (ROOT / folder).rglob("*") if path.is_file())
        return {str(path.relative_to(ROOT)) for path in paths if "__pycache__" not in path.parts}

    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    shipped = files("configs") | files("checkpoints/base-tiny")
    assert inside == files("rlrecall") | {f"rlrecall/shipped/{name}" for name in shipped}


@pytest.mark.slow
def test_the_wheel_alone_runs_sft_and_rl_from_what_it_ships(wheel, tmp_path):
    site, place = tmp_path / "site", tmp_path / "place"
    place.mkdir()
    install = "install --no-deps --no-index --quiet --target".split()
    run(sys.executable, "-m", "pip", *install, site, wheel)
    environment = {**os.environ, "PYTHONPATH": str(site), "OMP_NUM_THREADS": "1"}
    said = run(sys.executable, "-c", PROGRAM, cwd=place, env=environment)
    assert Path(said.split()[-1]).is_relative_to(site)
    for name, stage in (("taught", "sft"), ("trained", "rl")):
        manifest = json.loads((place / "checkpoints" / name / "manifest.json").read_text())
        assert (manifest["stage"], manifest["status"]) == (stage, "done")
    assert (place / "checkpoints" / "trained" / "model.safetensors").is_file()


def test_only_what_is_shipped_is_found_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_shipped("configs/tiny.yaml") == ROOT / "configs/tiny.yaml"
    assert find_shipped("checkpoints/base-tiny") == ROOT / "checkpoints/base-tiny"
    for name in ("configs/none.yaml", "checkpoints/tiny-seed0", "pyproject.toml", "tiny.yaml"):
        assert find_shipped(name) == Path(name)
    own = tmp_path / "configs" / "tiny.yaml"
    own.parent.mkdir()
    own.touch()
    assert find_shipped("configs/tiny.yaml") == Path("configs/tiny.yaml")

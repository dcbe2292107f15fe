"""The command line: one bad clip does not stop the others, an error is one line and exit status 2."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ser_core.checkpoints import Card
from ser_core.corpora.synthetic import samples
from ser_core.training.run import Run

Trained = tuple[Run, Card]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "ser_core", *arguments], capture_output=True, text=True)


def test_one_bad_clip_does_not_stop_the_others(trained: Trained, tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"this is no sound")
    good = [str(u.path) for u in samples()[:2]]
    result = run("recognise", good[0], str(bad), good[1], "--checkpoint", str(trained[0].checkpoint), "--json")
    assert result.returncode == 2
    assert [answer["clip"] for answer in json.loads(result.stdout)] == good
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stderr.startswith(str(bad))


@pytest.mark.parametrize(
    "arguments",
    [
        ("recognise", "clip.wav", "--checkpoint", "no-such-checkpoint"),
        ("recognise", "clip.wav", "--checkpoint", "model.pt"),
        ("train", "--recipe", "no-such-recipe"),
        ("train", "--recipe", "ctmam-synthetic", "--set", "training.epochs=none"),
        ("evaluate", "--checkpoint", "no-such-checkpoint", "--corpus", "synthetic"),
        ("keep", "nowhere", "name"),
    ],
)
def test_errors_are_one_line_and_status_2(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1


def test_unknown_corpus(trained: Trained) -> None:
    result = run("evaluate", "--checkpoint", str(trained[0].checkpoint), "--corpus", "atlantis")
    assert (result.returncode, len(result.stderr.strip().splitlines())) == (2, 1)
    assert "ravdess" in result.stderr


def test_systems_lists_the_published_count() -> None:
    rows = json.loads(run("systems", "--json").stdout)
    counts = {(row["system"], row["variant"]): row["parameters"] for row in rows}
    assert counts["ctmam", "default"] == 1_035_517


def test_training_from_the_shell(tmp_path: Path) -> None:
    result = run(
        "train", "--recipe", "ctmam-synthetic", "--run", str(tmp_path / "run"), "--set", "variant=small",
        "--set", "training.epochs=1", "--set", "training.hop=1.8",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "run" / "checkpoint" / "card.json").is_file()
    assert "synthetic" in result.stdout

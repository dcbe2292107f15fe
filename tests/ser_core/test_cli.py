"""The command line: one bad clip does not stop the others, an error is one line and exit status 2."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tomli_w

from ser_core.checkpoints import Card
from ser_core.corpora.synthetic import samples
from ser_core.training.run import Run
from tests.conftest import Shell
from tests.ser_core.runs import small_recipe

Trained = tuple[Run, Card]


def assert_one_line(answer: tuple[int, str, str], says: str = "") -> None:
    status, out, err = answer
    assert (status, out, len(err.strip().splitlines())) == (2, "", 1), err
    assert says in err


def test_one_bad_clip_does_not_stop_the_others(trained: Trained, tmp_path: Path) -> None:
    """In a process of its own, as a user starts it."""
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"this is no sound")
    good = [str(u.path) for u in samples()[:2]]
    arguments = ["recognise", good[0], str(bad), good[1], "--checkpoint", str(trained[0].checkpoint), "--json"]
    result = subprocess.run([sys.executable, "-m", "ser_core", *arguments], capture_output=True, text=True)
    assert result.returncode == 2
    assert [answer["clip"] for answer in json.loads(result.stdout)] == good
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stderr.startswith(str(bad))


def test_recognise_prints_three_likeliest_of_each_clip(trained: Trained, shell: Shell) -> None:
    clips = [str(u.path) for u in samples()[:2]]
    status, out, err = shell("recognise", *clips, "--checkpoint", str(trained[0].checkpoint))
    assert (status, err) == (0, "")
    for clip, line in zip(clips, out.splitlines(), strict=True):
        assert line.startswith(f"{clip}: ")
        assert line.count("%") == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("recognise", "clip.wav", "--checkpoint", "no-such-checkpoint"), "no-such-checkpoint"),
        (("recognise", "clip.wav", "--checkpoint", "model.pt"), "pickle"),
        (("train", "--recipe", "no-such-recipe"), "ctmam-synthetic"),
        (("train", "--recipe", "nowhere/card.json"), "card.json"),
        (("train", "--recipe", "ctmam-synthetic", "--set", "training.epochs=none"), "training.epochs"),
        (("train", "--recipe", "ctmam-synthetic", "--set", "seed=-1"), "seed"),
        (("train", "--recipe", "ctmam-synthetic", "--set", "model.blocks=99"), "blocks"),
        (("train", "--recipe", "ctmam-synthetic", "--set", "model.num_classes=9"), "num_classes"),
        (("train", "--recipe", "ctmam-synthetic", "--set", "variant=huge"), "huge"),
        (("train", "--recipe", "ctmam-synthetic", "--device", "banana"), "banana"),
        (("evaluate", "--checkpoint", "no-such-checkpoint", "--corpus", "synthetic"), "no-such-checkpoint"),
        (("keep", "nowhere", "name"), "nowhere"),
    ],
)
def test_errors_are_one_line_and_status_2(
    arguments: tuple[str, ...], says: str, shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SER_RUNS", str(tmp_path / "runs"))
    assert_one_line(shell(*arguments), says)
    assert not (tmp_path / "runs").exists()  # what is refused leaves no run folder


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("fly",), "fly"),
        (("--loud",), "--loud"),
        (("systems", "--loud"), "--loud"),
        (("recognise",), "clips"),
        (("recognise", "clip.wav", "--checkpoint"), "--checkpoint"),
        (("train",), "--recipe"),
        (("train", "--recipe"), "--recipe"),
        (("evaluate", "--checkpoint", "x"), "--corpus"),
        (("keep", "run"), "name"),
        (("keep", "run", "name", "more"), "more"),
    ],
)
def test_usage_errors_are_one_line_and_status_2(arguments: tuple[str, ...], says: str, shell: Shell) -> None:
    answer = shell(*arguments)
    assert_one_line(answer, says)
    assert "--help" in answer[2]


def test_no_command_shows_the_help_and_says_what_is_missing(shell: Shell) -> None:
    status, out, err = shell()
    assert status == 2
    assert "recognise" in out
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("command", [(), ("recognise",), ("train",), ("evaluate",), ("keep",), ("systems",)])
def test_help_is_no_error(command: tuple[str, ...], shell: Shell) -> None:
    status, out, err = shell(*command, "--help")
    assert (status, err) == (0, "")
    assert "Usage" in out


def test_unknown_corpus_or_protocol(trained: Trained, shell: Shell) -> None:
    checkpoint = ("evaluate", "--checkpoint", str(trained[0].checkpoint))
    assert_one_line(shell(*checkpoint, "--corpus", "atlantis"), "ravdess")
    assert_one_line(shell(*checkpoint, "--corpus", "synthetic", "--protocol", "by_moonlight"), "speaker_independent")
    assert_one_line(shell(*checkpoint, "--corpus", "ravdess", "--data", "nowhere"), "nowhere")


def test_systems_lists_the_published_count(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    costs = sys.modules["ser_core.models.cost"]
    monkeypatch.setattr(costs, "list_systems", lambda baselines: ["ctmam"])
    monkeypatch.setattr(costs, "list_variants", lambda system: ["default"])  # one is counted soon
    status, out, _ = shell("systems", "--json")
    (row,) = json.loads(out)
    assert (status, row["system"], row["parameters"]) == (0, "ctmam", 1_031_674)
    status, out, _ = shell("systems")
    assert status == 0
    assert out.splitlines()[1].split()[:4] == ["ctmam", "default", "4", "1,031,674"]


@pytest.mark.parametrize("below", ["run", ""])
def test_a_run_folder_that_cannot_be_written(below: str, tmp_path: Path, shell: Shell) -> None:
    (tmp_path / "file").write_bytes(b"")
    answer = shell("train", "--recipe", "ctmam-synthetic", "--run", str(tmp_path / "file" / below))
    assert_one_line(answer, "cannot be written")


def test_a_run_folder_of_another_recipe(trained: Trained, shell: Shell) -> None:
    answer = shell("train", "--recipe", "ctmam-synthetic", "--run", str(trained[0].folder))
    assert_one_line(answer, "another recipe")


def test_a_corpus_that_is_missing_is_one_line_after_the_run_folder(tmp_path: Path, shell: Shell) -> None:
    arguments = ("--recipe", "ctmam-general", "--run", str(tmp_path / "run"), "--data", str(tmp_path / "nowhere"))
    status, _, err = shell("train", *arguments)
    assert (status, len(err.strip().splitlines())) == (2, 1)
    assert "nowhere" in err


@pytest.mark.parametrize(
    ("recipe", "change", "words"),
    [
        ("serct-savee-fast", "training.mixup=0.2", "mixup"),
        ("vit_vertical-savee", "transfer.teacher=tall", "tall"),
        ("ctmam-savee", "variant=tall", "tall"),
    ],
)
def test_settings_that_do_not_fit_leave_no_run(
    recipe: str, change: str, words: str, tmp_path: Path, shell: Shell
) -> None:
    run = tmp_path / "run"
    outcome = shell("train", "--recipe", recipe, "--set", change, "--run", str(run), "--data", str(tmp_path))
    assert_one_line(outcome, words)
    assert not run.exists()


def test_a_training_without_test_clips_says_so(own_data: Path, tmp_path: Path, shell: Shell) -> None:
    shutil.rmtree(own_data / "ravdess" / "Actor_21")
    recipe = tmp_path / "small.toml"
    recipe.write_text(tomli_w.dumps(small_recipe("training.epochs=1").model_dump(mode="json", exclude_none=True)))
    status, out, _ = shell("train", "--recipe", str(recipe), "--run", str(tmp_path / "run"), "--data", str(own_data))
    assert status == 0
    assert f"ravdess: not measured, {tmp_path / 'run' / 'log.txt'} says why." in out.splitlines()


def test_training_from_the_shell(small_data: Path, tmp_path: Path, shelf: Path, shell: Shell) -> None:
    """Train, start again, keep, recognise: as the README says it."""
    run = tmp_path / "run"
    arguments = ["train", "--recipe", "ctmam-synthetic", "--run", str(run), "--data", str(small_data)]
    for change in ("name=mine", "corpora=['ravdess']", "labels=['angry', 'sad']", "variant=small",
                   "training.epochs=1", "training.hop=1.8"):  # fmt: skip
        arguments += ["--set", change]
    status, out, err = shell(*arguments)
    assert status == 0, err
    assert (run / "checkpoint" / "card.json").is_file()
    assert "ravdess (speaker_independent, 4 clips, unseen speakers)" in out
    weights = (run / "checkpoint" / "model.safetensors").read_bytes()
    assert shell(*arguments)[0] == 0
    assert (run / "checkpoint" / "model.safetensors").read_bytes() == weights

    assert shell("keep", str(run), "mine")[0] == 0
    assert_one_line(shell("keep", str(run), "mine"), "already")
    assert_one_line(shell("keep", str(run), "../mine"), "no name")
    status, out, _ = shell("recognise", str(samples()[0].path), "--checkpoint", "mine", "--json")
    (answer,) = json.loads(out)
    assert (status, answer["checkpoint"], answer["labels"]) == (0, "mine", ["angry", "sad"])
    assert (shelf / "mine" / "model.safetensors").read_bytes() == weights

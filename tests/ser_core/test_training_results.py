"""What a finished run says of itself: measured on the right clips, on the file as stored, with commands that repeat."""

import json
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from ser_core.audio import load
from ser_core.checkpoints import Card, Measured
from ser_core.corpora import get_corpus
from ser_core.errors import CorpusError, ProtocolError
from ser_core.evaluation import evaluate
from ser_core.evaluation import test_part as part_to_test
from ser_core.protocols import split
from ser_core.recogniser import Recogniser
from ser_core.training.run import Run
from ser_core.training.trainer import train
from tests.conftest import Shell
from tests.ser_core.runs import LABELS, epochs, log, quiet, repeat, small_recipe

Trained = tuple[Run, Card]
FIGURES = ("n", "excluded", "seen_included", "speakers", "wa", "ua", "wf1", "intervals", "labels", "confusion")


@pytest.fixture(scope="module")
def two_corpora(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Loud noise on every training clip, a running mean, and one corpus of two to choose the epoch by."""
    recipe = small_recipe(
        "corpora=['ravdess', 'emodb']", "validate_on=['emodb']", "test_on=['savee']", "training.average=0.5",
        "training.epochs=4", "training.learning_rate=0.003", "training.mixup=0",
        "augment.noise_db=[0, 0]", "augment.noise_share=1.0", "augment.time_mask=0.5",
    )  # fmt: skip
    run = Run.start(recipe, tmp_path_factory.mktemp("two") / "run")
    return run, train(recipe, run, small_data, quiet)


@pytest.fixture(scope="module")
def at_random(small_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    recipe = small_recipe("corpora=['ravdess', 'emodb']", "protocol=random", "training.epochs=1")
    run = Run.start(recipe, tmp_path_factory.mktemp("random") / "run")
    return run, train(recipe, run, small_data, quiet)


def logits_of(run: Run, ids: list[str], data: Path) -> torch.Tensor:
    """What the stored checkpoint says of these clips, read from their files."""
    paths = {u.id: u.path for name in ("ravdess", "emodb") for u in get_corpus(name).scan(data).utterances}
    answers = Recogniser(run.checkpoint).predict_many([load(paths[i]) for i in ids])
    return torch.tensor(np.array([answer.logits for answer in answers])).float()


def test_validation_clips_are_never_augmented(two_corpora: Trained, small_data: Path) -> None:
    """Their stored logits are what the checkpoint says of the files as they are."""
    run, card = two_corpora
    stored = load_file(run.checkpoint / "statistics.safetensors")["validation_logits"]
    ids = list(card.data.validation.utterances)
    torch.testing.assert_close(stored, logits_of(run, ids, small_data), atol=1e-4, rtol=1e-4)


def test_the_epoch_is_chosen_on_plain_clips_of_validate_on(two_corpora: Trained, small_data: Path) -> None:
    """The loss of the epoch that was kept is that of the stored weights on EmoDB's validation files alone."""
    run, card = two_corpora
    best = next(row for row in epochs(run) if row["epoch"] == card.epoch)
    ids = list(card.data.validation.utterances)
    labels = load_file(run.checkpoint / "statistics.safetensors")["validation_labels"]
    own = torch.tensor([i.startswith("emodb/") for i in ids])
    logits = logits_of(run, ids, small_data)
    assert best["validation_loss"] == pytest.approx(float(F.cross_entropy(logits[own], labels[own])), rel=2e-3)
    assert best["validation_loss"] != pytest.approx(float(F.cross_entropy(logits, labels)), rel=2e-3)


def test_weights_carry_the_strictest_licence_of_their_data(two_corpora: Trained, at_random: Trained) -> None:
    """EmoDB is free, RAVDESS is not."""
    for _, card in (two_corpora, at_random):
        assert card.licence == "CC BY-NC-SA 4.0"
        assert card.ships


def test_each_corpus_is_measured_on_its_own_test_speakers(two_corpora: Trained) -> None:
    card = two_corpora[1]
    assert [(r.corpus, r.protocol, r.n, r.speakers) for r in card.results] == [
        ("ravdess", "speaker_independent", 5, 1),
        ("emodb", "speaker_independent", 5, 1),
    ]
    assert set(card.data.test.speakers) == {"ravdess/21", "emodb/15"}
    assert not card.data.seen_speakers() & set(card.data.test.speakers)


def test_a_corpus_to_test_on_that_is_not_at_hand_is_only_said(two_corpora: Trained) -> None:
    run, card = two_corpora
    assert run.state()["status"] == "done"
    assert "savee" not in {result.corpus for result in card.results}
    (said,) = [line for line in log(run).splitlines() if "not measured on savee" in line]
    assert "expected the folder" in said


def test_a_corpus_it_never_met_is_measured_whole(small_run: Trained) -> None:
    card = small_run[1]
    (result,) = [result for result in card.results if result.corpus == "emodb"]
    assert (result.protocol, result.n, result.excluded, result.seen_included) == ("all", 20, 0, False)
    assert "--protocol" not in result.command


def printed(shell: Shell, result: Measured, folder: Path, data: Path) -> dict[str, object]:
    """What the command on the card prints, with the checkpoint where it lies."""
    _, _, _, *arguments = shlex.split(result.command)
    arguments[arguments.index("--checkpoint") + 1] = str(folder)
    status, out, err = shell(*arguments, "--data", str(data), "--json")
    assert status == 0, err
    return json.loads(out)


def test_the_commands_of_a_card_print_its_figures(small_run: Trained, small_data: Path, shell: Shell) -> None:
    run, card = small_run
    assert len(card.results) == 2
    for result in card.results:
        again = printed(shell, result, run.checkpoint, small_data)
        assert {name: again[name] for name in FIGURES} == {
            name: result.model_dump(mode="json")[name] for name in FIGURES
        }


def test_random_says_that_its_speakers_were_heard(at_random: Trained) -> None:
    card = at_random[1]
    assert {result.corpus for result in card.results} == {"ravdess", "emodb"}
    for result in card.results:
        assert result.protocol == "random"
        assert result.seen_included
        assert result.command.endswith("--include-seen")
    assert not set(card.data.test.utterances) & set(card.data.train.utterances | card.data.validation.utterances)


def test_random_is_measured_on_the_cards_own_clips(at_random: Trained, own_data: Path, shell: Shell) -> None:
    """Even where the corpus has grown since, so that a new draw would pick others."""
    run, card = at_random
    for clip in sorted(own_data.glob("ravdess/Actor_0?/*.ogg")):
        repeat(clip)
    grown = get_corpus("ravdess").scan(own_data).utterances
    own = {i for i in card.data.test.utterances if i.startswith("ravdess/")}
    assert {u.id for u in split(grown, "random", run.recipe().seed).test} != own
    assert {u.id for u in part_to_test(card, grown, "random")} == own
    for result in card.results:
        again = printed(shell, result, run.checkpoint, own_data)
        assert {name: again[name] for name in FIGURES} == {
            name: result.model_dump(mode="json")[name] for name in FIGURES
        }


def test_seen_speakers_are_announced_in_the_table(at_random: Trained, small_data: Path, shell: Shell) -> None:
    arguments = (
        "evaluate",
        "--checkpoint",
        str(at_random[0].checkpoint),
        "--corpus",
        "ravdess",
        "--data",
        str(small_data),
    )
    status, out, _ = shell(*arguments, "--protocol", "random", "--include-seen")
    assert (status, out.splitlines()[0].startswith("SEEN SPEAKERS INCLUDED")) == (0, True)
    status, out, err = shell(*arguments, "--protocol", "random")
    assert (status, out) == (2, "")
    assert "heard every speaker" in err


def test_which_clips_a_protocol_tests_on(small_run: Trained, at_random: Trained, small_data: Path) -> None:
    utterances = get_corpus("ravdess").scan(small_data).utterances
    assert {u.speaker for u in part_to_test(at_random[1], utterances, "speaker_independent")} == {"ravdess/21"}
    assert {u.speaker for u in part_to_test(small_run[1], utterances, "speaker_independent")} == {"ravdess/21"}
    with pytest.raises(ProtocolError, match="choose one of"):
        part_to_test(small_run[1], utterances, "by_moonlight")
    with pytest.raises(CorpusError, match="complete it"):
        part_to_test(small_run[1], [u for u in utterances if u.speaker != "ravdess/21"], "speaker_independent")


def test_a_run_without_its_test_clips_ends_all_the_same(own_data: Path, tmp_path: Path) -> None:
    shutil.rmtree(own_data / "ravdess" / "Actor_21")
    recipe = small_recipe("training.epochs=1")
    run = Run.start(recipe, tmp_path / "run")
    card = train(recipe, run, own_data, quiet)
    assert card.results == ()
    assert card.labels == LABELS
    assert "not measured on ravdess" in log(run)


@pytest.mark.parametrize("system", ["svm", "cnn"])
def test_a_baseline_is_trained_by_the_same_command(system: str, small_data: Path, tmp_path: Path) -> None:
    """With gradients or without: the checkpoint loads and gives the figures of its card."""
    recipe = small_recipe(f"system={system}", "variant=default", "training.epochs=1", "preparation.hop=1.5")
    run = Run.start(recipe, tmp_path / "run")
    card = train(recipe, run, small_data, quiet)
    recogniser = Recogniser(run.checkpoint)
    test = [u for u in get_corpus("ravdess").scan(small_data).utterances if u.id in card.data.test.utterances]
    again = evaluate(recogniser, test, "ravdess", card.data.protocol).summary()
    (stored,) = card.results
    assert stored.confusion == tuple(tuple(row) for row in again["confusion"])

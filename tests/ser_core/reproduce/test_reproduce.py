"""The papers' tables: what is run, what it says, and that nothing is lost when the time is over."""

import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from ser_core.checkpoints import load_card
from ser_core.corpora.synthetic import SYNTHETIC
from ser_core.errors import OutOfTime, RunError, SpeechEmotionError
from ser_core.evaluation import load_evaluation
from ser_core.files import PROJECT
from ser_core.models import list_variants
from ser_core.recipes import load_recipe
from ser_core.reproduce import (
    BASELINE,
    PRINTED,
    Cell,
    Setting,
    all_cells,
    chosen,
    reproduce,
    results,
    work,
    write_markdown,
)
from ser_core.reproduce.markdown import figures, missing
from ser_core.reproduce.printed import PAPER_OF
from ser_core.reproduce.tables import AT_HAND, SYSTEMS, TABLES
from ser_core.reproduce.weights import SHIPPED, Shipped, train_shipped
from tests.conftest import Shell
from tests.ser_core.runs import copy, quiet

SPEAKERS = {"03": "m01", "08": "f01", "09": "f02", "10": "m02"}
HONEST = Cell("comparison", 1, "ctmam", "small", "emodb4", "honest", "loso")
PAPER = Cell("comparison", 2, "ctmam", "small", "emodb4", "paper", "paper:000")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthetic voices under the names of EmoDB: four speakers, four emotions."""
    folder = tmp_path_factory.mktemp("data")
    sounds = {u.id: u.path for u in SYNTHETIC.scan(None).utterances}
    for emotion, letter in {"angry": "W", "happy": "F", "neutral": "N", "sad": "T"}.items():
        for speaker, voice in SPEAKERS.items():
            copy(sounds[f"synthetic/{voice}_{emotion}_1"], folder / f"emodb/wav/{speaker}a01{letter}a.ogg")
    return folder


@pytest.fixture
def setting(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Setting:
    """Two epochs of one segment a clip, in a folder of its own."""
    monkeypatch.setenv("SER_RUNS", str(tmp_path / "runs"))
    small = ["training.epochs=2", "training.hop=1.8", "preparation.hop=1.8", "augment={}"]
    monkeypatch.setattr(work, "composed_recipe", lambda name: load_recipe(name, small))
    return Setting(data, "cpu", fast=True)


def test_every_cell_can_be_named_and_run() -> None:
    cells = all_cells()
    assert len({(cell.table, cell.id) for cell in cells}) == len(cells)
    for cell in cells:
        assert cell.variant in list_variants(cell.system)
        for end in ("", "-fast"):
            load_recipe(f"{cell.system}-{cell.corpus}{end}", [f"protocol={cell.protocol}"])
    first = {(cell.system, cell.corpus) for cell in chosen([], 1)}
    assert {(system, corpus) for system in SYSTEMS for corpus in AT_HAND} <= first
    papers = {(cell.system, cell.protocol) for cell in chosen(["comparison"], 2) if cell.column == "paper"}
    assert papers == {(system, f"paper:{number}") for system, number in PAPER_OF.items()}


def test_every_printed_default_has_a_cell_in_the_comparison() -> None:
    cells = {(cell.system, cell.variant, cell.corpus) for cell in all_cells()}
    assert {row for row in PRINTED if row[0] in SYSTEMS} - cells == set()


def test_all_folds_are_pooled_and_the_table_says_so(setting: Setting, tmp_path: Path) -> None:
    account = reproduce([HONEST], setting, tmp_path / "results", quiet)
    assert account.done == [HONEST]
    (one,) = json.loads((tmp_path / "results" / "comparison.json").read_text())["cells"].values()
    assert (one["folds"], one["folds_done"], one["n"], one["speakers"]) == (4, 4, 16, 4)
    answers = [load_evaluation(work.run_of(HONEST, fold, setting).evaluation("emodb")) for fold in range(4)]
    right = sum(int((e.truth == e.predicted).sum()) for e in answers)
    assert one["wa"] == pytest.approx(right / 16, abs=1e-4)
    assert "sentence" in " ".join(one["leaks"])
    assert one["command"].startswith("python -m ser_core reproduce comparison --only ctmam-small-emodb4-loso ")


def test_a_paper_that_chooses_on_test_shows_best_and_last(setting: Setting, tmp_path: Path) -> None:
    reproduce([PAPER], setting, tmp_path, quiet)
    (one,) = results.read(tmp_path, "comparison").values()
    rows = work.run_of(PAPER, 0, setting).metrics()["training"]
    assert one["last"]["ua"] == pytest.approx(rows[-1]["validation_ua"], abs=1e-4)
    assert one["kept"]["ua"] >= one["last"]["ua"] - 1e-4 or one["kept"]["wa"] >= one["last"]["wa"] - 1e-4
    assert any("chosen on the test clips" in sentence for sentence in one["leaks"])


def test_what_is_done_is_not_done_again(setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reproduce([PAPER], setting, tmp_path, quiet)
    monkeypatch.setenv("SER_RUNS", str(tmp_path / "elsewhere"))  # another machine, which has the results only
    before = (tmp_path / "comparison.json").read_bytes()
    assert reproduce([PAPER], setting, tmp_path, quiet).done == [PAPER]
    assert not (tmp_path / "elsewhere").exists()
    assert (tmp_path / "comparison.json").read_bytes() == before


def test_the_same_result_whether_the_time_was_over_or_not(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped again and again after a few steps, the table ends the same."""
    reproduce([HONEST], setting, tmp_path / "whole", quiet)
    monkeypatch.setenv("SER_RUNS", str(tmp_path / "broken"))
    clock = iter(range(10_000))
    monkeypatch.setattr(work.time, "time", lambda: next(clock))
    stops = 0
    for _ in range(60):
        limited = Setting(setting.data, "cpu", fast=True, deadline=next(clock) + 40)
        account = reproduce([HONEST], limited, tmp_path / "parts", quiet)
        if account.done:
            break
        assert account.left == [HONEST]
        stops += 1
    assert account.done
    assert stops > 0
    whole, parts = (results.read(tmp_path / name, "comparison") for name in ("whole", "parts"))
    for one in (*whole.values(), *parts.values()):
        del one["seconds"]
    assert parts == whole


def test_processes_stop_when_the_time_is_over(setting: Setting, tmp_path: Path) -> None:
    """Several folds at once, each in a process of its own; nothing is written for a fold that did not end."""
    late = Setting(setting.data, "cpu", fast=True, deadline=0.0)
    account = reproduce([HONEST], late, tmp_path, quiet, jobs=2)
    assert account.left == [HONEST]
    assert not list(tmp_path.glob("*.json"))


def test_a_fold_of_an_earlier_recipe_is_never_shown_as_this_one(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reproduce([PAPER], setting, tmp_path, quiet)
    (one,) = results.read(tmp_path, "comparison").values()
    assert one["settings"]["training"]["epochs"] == 2
    small = ["training.epochs=3", "training.hop=1.8", "preparation.hop=1.8", "augment={}"]
    monkeypatch.setattr(work, "composed_recipe", lambda name: load_recipe(name, small))
    account = reproduce([PAPER], setting, tmp_path, quiet)
    assert account.refused.keys() == {PAPER.id}
    assert "an earlier recipe: move it away" in account.refused[PAPER.id]
    shutil.move(work.run_of(PAPER, 0, setting).folder, tmp_path / "away")
    assert reproduce([PAPER], setting, tmp_path, quiet).done == [PAPER]
    (one,) = results.read(tmp_path, "comparison").values()
    assert one["settings"]["training"]["epochs"] == 3


def test_a_fast_recipe_leaves_the_choice_of_the_epoch_to_the_paper() -> None:
    """000: the mean of WA and UA on the test clips; 001 and 003: WA."""
    published = {"ctmam": "mean", "serct": "wa", "vit_vertical": "wa"}
    cells = [c for c in chosen(["comparison"], 2) if c.column == "paper" and c.system in published]
    assert cells
    for cell in cells:
        training = work.recipe_of(cell, 0, Setting(None, "cpu", fast=True)).training
        assert training.best_by == published[cell.system], cell.id


def test_a_recipe_of_our_own_is_not_taken_for_the_papers() -> None:
    """ctmam-synthetic ships with 15 epochs; the paper has 150."""
    cell = next(c for c in chosen(["comparison"], 1) if (c.system, c.corpus) == ("ctmam", "synthetic"))
    assert load_recipe("ctmam-synthetic").training.epochs == 15
    assert work.recipe_of(cell, 0, Setting(None, "cpu", fast=False)).training.epochs == 150


def test_paper_003_changes_no_clip_beyond_its_fourfold_pool() -> None:
    cell = next(c for c in chosen(["comparison"], 2) if c.protocol == "paper:003" and c.corpus == "savee")
    for fast in (False, True):
        assert not work.recipe_of(cell, 0, Setting(None, "cpu", fast)).augment.active()
        assert load_recipe("vit_vertical-savee" + ("-fast" if fast else "")).augment.active()


def test_one_failure_does_not_end_the_rest(setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ser_core.reproduce.running.do", lambda *_: torch.ones(2) @ torch.ones(3))
    account = reproduce([PAPER, HONEST], setting, tmp_path, quiet)
    assert account.refused.keys() == {PAPER.id, HONEST.id}
    assert all(reason.startswith("RuntimeError: ") and "\n" not in reason for reason in account.refused.values())


def test_a_fold_without_its_answers_is_named_and_the_rest_is_run(setting: Setting, tmp_path: Path) -> None:
    reproduce([HONEST], setting, tmp_path / "first", quiet)
    run = work.run_of(HONEST, 1, setting)
    shutil.rmtree(run.evaluation("emodb"))
    account = reproduce([HONEST, PAPER], setting, tmp_path / "results", quiet)
    assert account.done == [PAPER]
    assert str(run.folder) in account.refused[HONEST.id]
    assert "move it away" in account.refused[HONEST.id]
    shutil.rmtree(run.folder)
    assert reproduce([HONEST], setting, tmp_path / "results", quiet).done == [HONEST]


def test_more_folds_from_another_machine_stay(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reproduce([HONEST], setting, tmp_path, quiet)
    before = results.read(tmp_path, "comparison")
    for fold in (1, 2, 3):
        shutil.rmtree(work.run_of(HONEST, fold, setting).folder)
    results.update(tmp_path, HONEST, setting)
    assert results.read(tmp_path, "comparison") == before
    monkeypatch.setattr(results, "of_this_recipe", lambda *_: False)  # those are of an earlier recipe
    results.update(tmp_path, HONEST, setting)
    (one,) = results.read(tmp_path, "comparison").values()
    assert one["folds_done"] == 1


def test_a_results_folder_that_is_a_file_is_refused_before_any_training(setting: Setting, tmp_path: Path) -> None:
    (tmp_path / "results").write_text("mine")
    with pytest.raises(OSError, match="exists"):
        reproduce([PAPER], setting, tmp_path / "results", quiet)
    assert not (tmp_path / "runs").exists()


def test_no_cell_is_called_honest_where_two_speakers_are_all_there_is() -> None:
    tess = [cell for cell in all_cells() if cell.corpus == "tess"]
    assert {cell.protocol for cell in tess if cell.column == "honest"} == {"loso"}  # which refuses two speakers
    assert {cell.protocol for cell in tess if cell.table == "ablation-001"} == {"paper:001"}
    assert "too few" in missing(next(cell for cell in tess if cell.column == "honest"))
    assert not {"random", "paper:000", "paper:001"} & {c.protocol for c in all_cells() if c.column == "honest"}


def test_folds_are_told_with_their_spread_and_one_speaker_without_an_interval() -> None:
    one = {
        "wa": 0.5, "ua": 0.4, "intervals": {"wa": [0.45, 0.55], "ua": [0.35, 0.45]}, "n": 20, "speakers": 2,
        "folds": 2, "folds_done": 2, "by_fold": {"wa": [0.4, 0.6], "ua": [0.3, 0.5]}, "column": "honest",
        "table": "comparison", "fast": False,
    }  # fmt: skip
    assert figures(one) == ("50.0 [45.0, 55.0] / 40.0 [35.0, 45.0], 20 clips, 2 of 2 folds (50.0 ± 14.1 / 40.0 ± 14.1)")
    alone = one | {"speakers": 1, "folds": 1, "folds_done": 1}
    assert figures(alone) == "50.0 / 40.0, 20 clips, one speaker"


def test_a_corpus_that_is_not_here_is_said(setting: Setting, tmp_path: Path) -> None:
    iemocap = next(cell for cell in all_cells() if cell.corpus == "iemocap")
    complete = next(cell for cell in all_cells() if cell.corpus == "emodb" and cell.system == "ctmam")
    account = reproduce([iemocap, complete], setting, tmp_path, quiet)
    assert "iemocap" in account.refused[iemocap.id].lower()
    assert "boredom" in account.refused[complete.id]
    assert not (tmp_path / "comparison.json").exists()


def test_the_table_to_read(setting: Setting, tmp_path: Path) -> None:
    cell = next(c for c in chosen(["comparison"], 2) if (c.system, c.corpus, c.column) == ("ctmam", "emodb4", "paper"))
    reproduce([cell], setting, tmp_path, quiet)
    write_markdown(tmp_path)
    text = (tmp_path / "comparison.md").read_text()
    (row,) = [line for line in text.splitlines() if line.startswith("| ctmam | emodb4 |")]
    assert "best on test" in row
    assert "*fast*" in row
    assert "not run: `python -m ser_core reproduce comparison --only ctmam-default-emodb4-loso`" in row
    (row,) = [line for line in text.splitlines() if line.startswith("| ctmam | iemocap |")]
    assert "71.64 / 72.72" in row
    assert row.count("not run") == 2
    assert len({line.count("|") for line in text.splitlines() if line.startswith("|")}) == 1


def test_every_table_is_written_and_says_what_leaks(tmp_path: Path) -> None:
    write_markdown(tmp_path)
    for table in TABLES:
        assert results.read(tmp_path, table) == {}
        lines = (tmp_path / f"{table}.md").read_text().splitlines()
        head, _, *rows = [line for line in lines if line.startswith("|")]
        for column in ("protocol", "ours, paper's protocol", "ours, honest protocol", "what leaks"):
            assert column in head
        cells = [cell for cell in all_cells() if cell.table == table]
        for cell in cells:
            if "too few" not in missing(cell):
                assert any(missing(cell) in row and cell.protocol in row for row in rows)
        assert {row.count("|") for row in rows} == {head.count("|")}
    (row,) = [line for line in lines_of(tmp_path, "ablation-001") if "serct-default-tess-paper001-fold0" in line]
    assert "| paper:001, fold 1 | not run:" in row
    (row,) = [line for line in lines_of(tmp_path, "ablation-004") if "mhsa_faca-fa-ravdess-kfold-fold0" in line]
    assert "| kfold, fold 1 | - | not run:" in row


def lines_of(folder: Path, table: str) -> list[str]:
    return [line for line in (folder / f"{table}.md").read_text().splitlines() if line.startswith("|")]


def test_a_run_that_another_process_trains_is_left_to_it(setting: Setting, tmp_path: Path) -> None:
    run = work.run_of(HONEST, 0, setting)
    with other_process(run.folder.with_name("fold_0.lock")):
        account = reproduce([HONEST], setting, tmp_path / "results", quiet)
        assert "is being trained by another process" in account.refused[HONEST.id]
        assert not run.folder.exists()
        (one,) = results.read(tmp_path / "results", "comparison").values()
        assert one["folds_done"] == 3  # the others were nobody's
    assert reproduce([HONEST], setting, tmp_path / "results", quiet).done == [HONEST]


def test_weights_that_another_process_trains_are_left_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_RUNS", str(tmp_path))
    monkeypatch.setattr("ser_core.reproduce.weights.train", lambda *_: pytest.fail("trained all the same"))
    with (
        other_process(tmp_path / "weights" / "ctmam-synthetic-cpu.lock"),
        pytest.raises(RunError, match="is being trained by another process"),
    ):
        train_shipped("ctmam-synthetic", None, "cpu", quiet)
    assert not (tmp_path / "weights" / "ctmam-synthetic-cpu").exists()


def test_two_processes_lose_nothing_of_each_others_results(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have worked out an entry before either has written its own."""
    cells = [PAPER, HONEST]
    monkeypatch.setattr(results, "entry", lambda cell, setting: {"made": cell.id})
    slow = results.read
    monkeypatch.setattr(results, "read", lambda *where: (slow(*where), time.sleep(0.3))[0])
    threads = [threading.Thread(target=results.update, args=(tmp_path, cell, setting)) for cell in cells]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one["made"] for one in slow(tmp_path, "comparison").values()} == {PAPER.id, HONEST.id}


@contextmanager
def other_process(path: Path) -> Iterator[None]:
    """Another process holds the lock."""
    path.parent.mkdir(parents=True, exist_ok=True)
    code = (
        "import sys, filelock; lock = filelock.FileLock(sys.argv[1]); lock.acquire(); "
        "print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        try:
            yield
        finally:
            process.stdin.close()
            process.wait()


def test_command_line(shell: Shell, tmp_path: Path) -> None:
    status, out, _ = shell("reproduce", "depth-001", "--list")
    assert status == 0
    assert len(re.findall(r"serct-depth_\d", out)) == 6
    status, _, err = shell("reproduce", "depth-002")
    assert status == 2
    assert "depth-001" in err
    status, _, err = shell("reproduce", "--only", "nothing")
    assert (status, err.count("\n")) == (2, 1)
    status, out, _ = shell("reproduce", "depth-001", "--data", str(tmp_path), "--results", str(tmp_path / "out"))
    assert status == 1
    assert "6 cannot be run here" in out
    assert "not run:" in (tmp_path / "out" / "depth-001.md").read_text()


def test_damaged_results_are_not_overwritten(setting: Setting, tmp_path: Path) -> None:
    (tmp_path / "comparison.json").write_text("{")
    with pytest.raises(SpeechEmotionError, match="damaged"):
        reproduce([HONEST], setting, tmp_path, quiet)
    assert (tmp_path / "comparison.json").read_text() == "{"


def test_a_worker_loads_no_page_and_no_plot() -> None:
    code = (
        "import sys, ser_core.reproduce.running; print(*sorted({'streamlit', 'plotly', 'librosa'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert loaded == []


def test_every_checkpoint_that_ships_has_a_recipe() -> None:
    for name, wanted in SHIPPED.items():
        for end in ("", "-fast") if wanted.by_device else ("",):
            recipe = load_recipe(wanted.recipe + end, [*wanted.changes, f"name={name}"])
            assert "savee" not in recipe.corpora
    names = [wanted.recipe for name, wanted in SHIPPED.items() if name.endswith("-general")]
    general = [load_recipe(name + end) for name in names for end in ("", "-fast")]
    assert {recipe.system for recipe in general} == set(SYSTEMS)
    assert len({(recipe.labels, recipe.corpora, recipe.validate_on, str(recipe.merge)) for recipe in general}) == 1
    synthetic = {wanted.recipe.partition("-")[0] for name, wanted in SHIPPED.items() if name.endswith("-synthetic")}
    assert synthetic == set(SYSTEMS)


def test_training_what_ships_keeps_it(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("SER_CHECKPOINTS", str(tmp_path / "checkpoints"))
    small = ("variant=small", "training.epochs=1", "training.hop=1.8", "preparation.hop=1.8", "augment={}")
    monkeypatch.setitem(SHIPPED, "ctmam-emodb4", Shipped("ctmam-emodb4", (*small, "protocol=loso"), by_device=True))
    with pytest.raises(OutOfTime):
        train_shipped("ctmam-emodb4", data, "cpu", quiet, deadline=0.0)
    assert not (tmp_path / "checkpoints").exists()
    card = train_shipped("ctmam-emodb4", data, "cpu", quiet)
    assert load_card(tmp_path / "checkpoints" / "ctmam-emodb4").results == card.results
    assert card.name == "ctmam-emodb4"


def test_the_baseline_is_what_was_measured() -> None:
    """The answers clip by clip are here: their scores are those that the tables print."""
    for corpus, (wa, ua) in BASELINE.items():
        scores = load_evaluation(PROJECT / "results" / "evaluations" / f"baseline-{corpus.rstrip('4')}").scores()
        assert (round(100 * scores.wa, 1), round(100 * scores.ua, 1)) == (wa, ua)

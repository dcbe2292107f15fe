"""What the page Evaluate draws, held against scikit-learn on the stored predictions."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import classification_report, confusion_matrix, recall_score
from streamlit.testing.v1 import AppTest

from pages.shared import evaluate_catalogue
from pages.shared.evaluate_pick import Choice
from pages.shared.evaluate_summary import other_task, paper_table, why_not_the_same
from pages.shared.model_card import corpus_title
from ser_core.checkpoints import load_card
from ser_core.corpora import get_corpus
from ser_core.evaluation import NoisePoint, load_evaluation, save_evaluation
from ser_core.evaluation.comparing import chosen
from ser_core.reproduce.printed import PRINTED, Printed
from tests.pages.evaluating import FIRST, chart, numbers, part, words
from tests.ser_core.evaluation.made import drawn


@pytest.fixture
def app(evaluate_page: AppTest) -> AppTest:
    return evaluate_page


@pytest.fixture
def rich(judged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """240 answers to six voices with a noise curve, stored as if the first model had given them."""
    card = load_card(judged / FIRST)
    noise = tuple(NoisePoint(snr_db=snr, wa=ua + 0.02, ua=ua, interval=(ua - 0.1, ua + 0.1))
                  for snr, ua in ((30, 0.61), (10, 0.43), (0, 0.21)))  # fmt: skip
    heard = replace(
        drawn(4, labels=card.labels), checkpoint=FIRST, corpus="synthetic", protocol="speaker_independent", noise=noise
    )
    save_evaluation(tmp_path / "shelf" / "rich", heard)
    monkeypatch.setattr(evaluate_catalogue, "SHIPPED", tmp_path / "shelf")
    return tmp_path / "shelf" / "rich"


def predictions(folder: Path) -> list[dict[str, str]]:
    with (folder / "predictions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def probabilities(rows: list[dict[str, str]], labels: list[str]) -> np.ndarray:
    return np.array([[float(row[f"p_{label}"]) for label in labels] for row in rows])


def mean_recall(truth: list[str], predicted: list[str]) -> float:
    """UA: the mean over the emotions that were acted."""
    return float(recall_score(truth, predicted, labels=sorted(set(truth)), average="macro"))


@pytest.mark.parametrize(("shown", "normalise"), [("by row", "true"), ("by column", "pred")])
def test_shares_are_those_of_scikit_learn(app: AppTest, stored: Path, shown: str, normalise: str) -> None:
    app.run()
    app.button_group(key="share").set_value(shown).run()
    heard = load_evaluation(stored / f"{FIRST}-synthetic")
    expected = confusion_matrix(
        heard.truth, heard.predicted, labels=range(len(heard.labels)), normalize=normalise
    )  # fmt: skip
    figure = chart(app, "matrix")
    table = numbers(figure, heard.labels)
    for row, line in zip(table, expected, strict=True):
        for text, value in zip(row, line, strict=True):
            assert text == f"{100 * value:.0f}%" or (text == "–" and value == 0)


def test_figures_of_each_emotion_are_those_of_scikit_learn(app: AppTest, stored: Path) -> None:
    part(app, "Each emotion")
    assert not app.exception
    heard = load_evaluation(stored / f"{FIRST}-synthetic")
    expected = classification_report(
        heard.truth, heard.predicted, labels=range(len(heard.labels)), target_names=heard.labels, output_dict=True,
        zero_division=np.nan,
    )  # fmt: skip
    table = app.dataframe[0].value.set_index("Emotion")
    for name in heard.labels:
        for column, key in (("Precision", "precision"), ("Recall", "recall"), ("F1", "f1-score")):
            assert table.loc[name, column] == pytest.approx(100 * expected[name][key], nan_ok=True)
        assert table.loc[name, "Clips"] == expected[name]["support"]


@pytest.mark.parametrize("facet", ["speaker", "sex"])
def test_figures_by_voice_are_those_of_scikit_learn(app: AppTest, rich: Path, facet: str) -> None:
    part(app, "Each voice")
    assert not app.exception
    groups: dict[str, list[dict[str, str]]] = {}
    for row in predictions(rich):
        groups.setdefault(row[facet].rpartition("/")[2], []).append(row)
    expected = {
        name: mean_recall([row["truth"] for row in own], [row["predicted"] for row in own])
        for name, own in groups.items()
    }
    figure = chart(app, f"by-{facet}")
    shown = dict(zip(figure["layout"]["yaxis"]["ticktext"], figure["data"][0]["x"], strict=True))
    assert shown == pytest.approx(expected)
    assert len(shown) == {"speaker": 6, "sex": 2}[facet]


def test_the_calibration_is_that_of_scikit_learn(app: AppTest, rich: Path) -> None:
    part(app, "How sure")
    assert not app.exception
    labels, rows = load_evaluation(rich).labels, predictions(rich)
    right = np.array([row["truth"] == row["predicted"] for row in rows])
    _, *traces = chart(app, "reliability")["data"]
    for trace, temperature in zip(traces, (1.0, 1.5), strict=True):
        confidence = softmax(np.log(probabilities(rows, list(labels))) / temperature, axis=1).max(axis=1)
        shares, means = calibration_curve(right, confidence, n_bins=15)
        assert trace["x"] == pytest.approx(means)
        assert trace["y"] == pytest.approx(shares)
        counts, _ = np.histogram(confidence, np.linspace(0, 1, 16))
        ece = np.average(np.abs(shares - means), weights=counts[counts > 0])
        assert f"ECE {100 * ece:.1f}%" in trace["name"]


def test_the_noise_curve_is_what_is_stored(app: AppTest, rich: Path) -> None:
    part(app, "How sure")
    rows, noise = predictions(rich), json.loads((rich / "evaluation.json").read_text())["noise"]
    clean = mean_recall([row["truth"] for row in rows], [row["predicted"] for row in rows])
    _, curve = chart(app, "noise")["data"]
    assert curve["x"] == ["none", "30", "10", "0"]
    assert curve["y"] == pytest.approx([clean, *(point["ua"] for point in noise)])


def test_a_cell_of_the_grid_chooses_among_the_common_emotions(app: AppTest, rich: Path) -> None:
    heard = load_evaluation(rich)
    some = chosen(heard, np.flatnonzero(heard.truth < 4).tolist())  # a corpus of four of the emotions
    save_evaluation(rich.parent / "savee", replace(some, corpus="savee", protocol="all"))
    part(app, "Across corpora")
    assert not app.exception
    rows = predictions(rich.parent / "savee")
    common = list(heard.labels[:4])
    answers = [common[place] for place in probabilities(rows, common).argmax(axis=1)]
    expected = mean_recall([row["truth"] for row in rows], answers)
    texts = {(one["y"], one["x"]): one["text"] for one in chart(app, "cross")["layout"]["annotations"]}
    assert texts[FIRST, f"{corpus_title('savee')}<br>English"] == f"{100 * expected:.0f}%"


@pytest.mark.parametrize(
    ("system", "corpus", "head", "row"),
    [
        ("ctmam", "emodb", "| in percent | WA | UA |", "| Paper 000, Table II | 90.65 | 89.51 |"),
        ("serct", "tess", "| in percent | WA | UA | WF1 |", "| Paper 001, Table 3 or 5 | 98.93 | 98.93 | 98.94 |"),
        ("vit_vertical", "savee", "| in percent | WA |", "| Paper 003, Table 3 | 99.47 |"),
    ],
)
def test_only_what_the_paper_prints_stands_beside_it(
    judged: Path, system: str, corpus: str, head: str, row: str
) -> None:
    card = load_card(judged / FIRST).model_copy(update={"system": system, "variant": "default"})
    choice = Choice(FIRST, corpus, "all", "", card)
    whole = drawn(1, labels=tuple(sorted(get_corpus(corpus).emotions)))
    report = replace(whole, corpus=corpus).report()
    table = paper_table(choice, report).splitlines()
    assert other_task(choice, report) == ""
    assert (table[0], table[2]) == (head, row)
    assert f"{100 * report.wa:.0f}" in table[3]
    assert "Not the same test" in why_not_the_same(choice, report)
    assert paper_table(choice, replace(drawn(1), corpus="synthetic").report()) == ""


def test_a_paper_with_more_emotions_has_no_row_beside_ours(judged: Path) -> None:
    card = load_card(judged / FIRST).model_copy(update={"system": "ctmam", "variant": "default"})
    choice = Choice(FIRST, "emodb", "all", "", card)
    report = replace(drawn(1, labels=("angry", "happy", "neutral", "sad")), corpus="emodb").report()
    assert paper_table(choice, report) == ""
    said = other_task(choice, report)
    assert "prints WA 90.65 and UA 89.51 for all 7 emotions" in said
    assert "Here are 4: another task" in said


def test_the_row_of_the_paper_is_on_the_page(app: AppTest, judged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = load_card(judged / FIRST)
    app.run()
    assert "Paper 000" not in words(app)
    monkeypatch.setitem(PRINTED, (card.system, card.variant, "synthetic"), Printed(91.234, where="Table X"))
    app.run()
    assert not app.exception
    assert "| Paper 000, Table X | 91.23 |" in words(app)

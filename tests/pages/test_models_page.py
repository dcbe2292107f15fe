"""The page Models, without a browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import known_scores, model_table
from ser_core.checkpoints import load_card, write_card
from ser_core.models import Cost, list_systems, system_class
from ser_core.models.kept_costs import every_variant
from ser_core.models.latency import Latency
from ser_core.reproduce.printed import PRINTED
from tests.pages.checkpoints import put

APP = Path(__file__).resolve().parents[2] / "app.py"
COSTS = {key: Cost(1_000 + n, 10_000 + n, 20_000 + n) for n, key in enumerate(every_variant())}


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return put(tmp_path_factory.mktemp("checkpoints"), "ctmam-general", "ctmam-synthetic")


@pytest.fixture
def app(checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page, with our results in an empty folder and every cost known."""
    monkeypatch.setenv("SER_CHECKPOINTS", str(checkpoints))
    monkeypatch.setattr(known_scores, "RESULTS", tmp_path)
    monkeypatch.setattr(model_table, "kept_costs", lambda: dict(COSTS))
    model_table.described.clear()
    model_table.measured().clear()
    return AppTest.from_file(str(APP), default_timeout=120).switch_page("pages/models.py")


def part(app: AppTest, name: str) -> AppTest:
    app.session_state["part"] = name
    return app.run()


def words(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.subheader, *app.markdown, *app.caption))


def charts(app: AppTest, key: str) -> list[dict]:
    """The figures of this key, as the browser gets them."""
    return [json.loads(one.proto.spec) for one in app.get("plotly_chart") if key in one.proto.id]


def test_the_first_view_draws_a_system_and_explains_it(app: AppTest) -> None:
    app.run()
    assert not app.exception
    assert "1,031,674 trainable parameters" in words(app)
    assert "segments of 1.8 s, a new one every 0.2 s" in words(app)
    (figure,) = charts(app, "diagram")
    texts = " ".join(one.get("text", "") for one in figure["layout"]["annotations"])
    assert "3 × LCT block" in texts
    assert "3 × 244,696 parameters" in texts
    assert not app.get("latex")
    assert "must not be used to assess" in words(app)


@pytest.mark.parametrize("system", list_systems(baselines=True))
def test_every_system_says_how_it_works_and_where_it_departs(app: AppTest, system: str) -> None:
    app.run()
    app.selectbox(key="variant").set_value("small").run()
    app.selectbox(key="system").set_value(system).run()
    assert not app.exception
    assert app.selectbox(key="variant").value in ("default", "small")
    assert len(charts(app, "diagram")) == 1
    shown = words(app).lower()
    assert all(sentence.lower() in shown for sentence in system_class(system).deviations())


def test_equations_come_on_demand_and_parts_can_be_looked_into(app: AppTest) -> None:
    app.run()
    app.selectbox(key="inside").set_value("blocks.0.attention").run()
    assert "LMAM: attention (`blocks.0.attention`)" in words(app)
    app.toggle(key="equations").set_value(True).run()
    assert not app.exception
    assert any(r"\operatorname{CA}(X)" in one.value for one in app.get("latex"))


def test_the_table_holds_every_variant_with_what_its_cards_measured(app: AppTest) -> None:
    part(app, "What it costs")
    assert not app.exception
    table = app.dataframe[0].value
    assert list(zip(table["System"], table["Variant"], strict=True)) == every_variant()
    assert list(table["Parameters"]) == [COSTS[key].parameters for key in every_variant()]
    row = table[(table["System"] == "ctmam") & (table["Variant"] == "default")].iloc[0]
    assert row["Paper prints"] == 1_031_674
    for name in ("ctmam-general", "ctmam-synthetic"):
        for one in load_card(name).results:
            assert f"{100 * one.ua:.0f}%" in row["Known UA"]


def test_the_points_are_the_cards_figures(app: AppTest) -> None:
    part(app, "What it costs")
    app.selectbox(key="cost-corpus").set_value("RAVDESS").run()
    (figure,) = charts(app, "accuracy-cost")
    (card,) = (one for one in load_card("ctmam-general").results if one.corpus == "ravdess")
    (series,) = figure["data"]
    assert series["y"] == pytest.approx([100 * card.ua])
    assert series["x"] == [COSTS["ctmam", "default"].madds_per_second]
    low, high = card.intervals["ua"]
    assert series["error_y"]["array"] == pytest.approx([100 * (high - card.ua)])
    assert series["error_y"]["arrayminus"] == pytest.approx([100 * (card.ua - low)])
    app.toggle(key="cost-papers").set_value(True).run()
    (figure,) = charts(app, "accuracy-cost")
    assert PRINTED["mhsa_faca", "default", "ravdess"].ua in [y for one in figure["data"] for y in one["y"]]


def test_a_score_of_one_speaker_has_no_interval(
    checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither from a card nor from a table, though both keep one."""
    card = load_card(checkpoints / "ctmam-general")
    alone = [one.model_copy(update={"speakers": 1}) for one in card.results[:1]]
    folder = tmp_path / "checkpoints" / card.name
    folder.mkdir(parents=True)
    write_card(folder, card.model_copy(update={"results": (*alone, *card.results[1:])}))
    monkeypatch.setenv("SER_CHECKPOINTS", str(folder.parent))
    entry = {
        "column": "honest", "system": "ctmam", "variant": "default", "corpus": "savee", "ua": 0.41, "speakers": 1,
        "intervals": {"ua": [0.3, 0.5]}, "protocol": "speaker_independent", "folds": 1, "folds_done": 1, "fast": False,
        "recipe": "ctmam-savee", "labels": ["angry", "sad"], "parameters": 1,
    }  # fmt: skip
    (tmp_path / "comparison.json").write_text(json.dumps({"table": "comparison", "cells": {"one": entry}}))
    found = [one for one in known_scores.known_scores(tmp_path) if one.source != "paper"]
    assert [one.source for one in found] == ["card"] * len(card.results) + ["table"]
    assert [one.low is None for one in found] == [True, *(False for _ in card.results[1:]), True]
    assert [one.high is None for one in found] == [one.low is None for one in found]
    assert "clips of one speaker it never heard" in found[0].note
    assert found[-1].note.endswith(", one speaker")


def test_speed_is_measured_when_asked_and_then_stands_in_the_table(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def quick(system: str, variant: str, between: object) -> Latency:
        asked.append((system, variant))
        return Latency(12.5, 5, 3.0, 2)

    monkeypatch.setattr(model_table, "measure_latency", quick)
    part(app, "What it costs")
    assert asked == []
    app.multiselect(key="to-measure").set_value(["ctmam default"])
    next(button for button in app.button if button.label == "Measure now").click().run()
    assert not app.exception
    assert asked == [("ctmam", "default")]
    table = app.dataframe[0].value
    assert list(table["Here, ms"].dropna()) == [12.5]


def test_costs_that_nobody_counted_yet_are_counted_with_a_bar(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def count(progress: object) -> dict:
        said.append("counted")
        progress("ctmam default", 1, 50)  # type: ignore[operator]
        return dict(COSTS)

    monkeypatch.setattr(model_table, "kept_costs", lambda: {})
    monkeypatch.setattr(model_table, "count_costs", count)
    part(app, "What it costs")
    assert not app.exception
    assert said == ["counted"]
    assert len(app.dataframe[0].value) == len(COSTS)


@pytest.mark.parametrize("system", list_systems())
def test_what_the_paper_prints_is_shown_and_nothing_else(app: AppTest, system: str) -> None:
    part(app, "Paper and ours")
    app.selectbox(key="system").set_value(system).run()
    assert not app.exception
    shown = {
        cell.replace("–", "-")
        for table in app.dataframe
        for column in table.value
        if column.startswith("Paper")
        for cell in table.value[column].dropna()
    } - {"-"}
    of_paper = {name for name in list_systems(baselines=True) if system in (name, system_class(name).baseline_of)}
    printed = {one.words() for (name, _, _), one in PRINTED.items() if name in of_paper}
    assert shown
    assert shown <= printed


def test_our_result_stands_beside_the_papers(app: AppTest, tmp_path: Path) -> None:
    entry = {
        "table": "comparison", "tier": 1, "system": "ctmam", "variant": "default", "corpus": "ravdess",
        "column": "honest", "protocol": "kfold", "folds": 5, "folds_done": 5, "seed": 0, "recipe": "ctmam-ravdess",
        "fast": False, "n": 1440, "speakers": 24, "wa": 0.5123, "ua": 0.5012, "wf1": 0.5, "labels": ["angry", "sad"],
        "intervals": {"wa": [0.48, 0.54], "ua": [0.47, 0.53], "wf1": [0.4, 0.6]}, "leaks": [], "command": "the command",
        "by_fold": {name: [0.4, 0.5, 0.5, 0.5, 0.6] for name in ("wa", "ua", "wf1")},
    }  # fmt: skip
    (tmp_path / "comparison.json").write_text(
        json.dumps({"table": "comparison", "cells": {"ctmam-default-ravdess-kfold": entry}})
    )
    part(app, "Paper and ours")
    assert not app.exception
    table = app.dataframe[0].value
    (row,) = (one for _, one in table.iterrows() if one["Corpus"] == "RAVDESS")
    assert row["Ours, honest, WA / UA"].startswith("51.2 [48.0, 54.0] / 50.1 [47.0, 53.0], 1440 clips")
    assert any("the command" in one.value for one in app.code)


def test_damaged_results_get_a_sentence(app: AppTest, tmp_path: Path) -> None:
    (tmp_path / "comparison.json").write_text("{ this is no JSON")
    part(app, "Paper and ours")
    assert not app.exception
    assert "comparison.json is damaged" in app.error[0].value
    part(app, "What it costs")
    assert not app.exception


def test_the_cards_say_licence_provenance_and_figures(app: AppTest) -> None:
    part(app, "Checkpoints here")
    assert not app.exception
    shown = words(app)
    for name in ("ctmam-general", "ctmam-synthetic"):
        card = load_card(name)
        assert f"**{name}**" in shown
        assert f"**Licence of the weights:** {card.licence}" in shown
        assert any(card.reproduce == one.value for one in app.code)
        for one in card.results:
            assert f"{100 * one.ua:.0f}%" in shown
    assert "This clip" not in shown


def test_a_damaged_card_leaves_the_others(tmp_path: Path, app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = put(tmp_path / "shelf", "ctmam-general", "ctmam-synthetic")
    (folder / "ctmam-general" / "card.json").write_text("{")
    monkeypatch.setenv("SER_CHECKPOINTS", str(folder))
    part(app, "Checkpoints here")
    assert not app.exception
    assert ["ctmam-general" in one.value for one in app.error] == [True]
    assert "**ctmam-synthetic**" in words(app)


def test_without_checkpoints_the_page_says_how_to_get_one(
    tmp_path: Path, app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SER_CHECKPOINTS", str(tmp_path / "nothing"))
    part(app, "Checkpoints here")
    assert not app.exception
    assert "python -m ser_core train" in app.error[0].value

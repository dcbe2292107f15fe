"""The page Attention, without a browser: every view of every system, stretches, tests, comparison, papers, the tour."""

from __future__ import annotations

import io
import json
import threading
from base64 import b64decode
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest
import soundfile
import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.shared import attention_look, loaders
from pages.shared.attention_maps import choices
from pages.shared.attention_papers import FACA, PATCHES, found
from pages.shared.attention_tour import stations
from ser_core.audio import Waveform, load
from ser_core.corpora.synthetic import samples
from ser_core.emotions import AS_ACTED
from ser_core.inspection.look import look
from ser_core.inspection.saved import save_inspection
from ser_core.models import list_systems
from ser_core.recogniser import Recogniser
from tests.pages.checkpoints import untrained

APP = Path(__file__).resolve().parents[2] / "app.py"
PAGE = "pages/attention.py"
SMALL = {"serct": "depth_1", "ctmam": "small"}  # the variant that is quickest


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of each system, untrained."""
    folder = tmp_path_factory.mktemp("checkpoints")
    for seed, system in enumerate(list_systems()):
        untrained(folder / system, seed, system, SMALL.get(system, "default"))
    return folder


@pytest.fixture
def page(checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("SER_CHECKPOINTS", str(checkpoints))
    app = AppTest.from_file(str(APP), default_timeout=300).run()
    return app.switch_page(PAGE).run()


def words(app: AppTest) -> str:
    elements = [*app.header, *app.markdown, *app.caption, *app.warning, *app.info]
    return "\n".join(element.value for element in elements)


def right(app: AppTest) -> AppTest:
    assert not app.exception
    assert not app.error
    return app


def first_sample() -> Waveform:
    return load(samples()[0].path)


def upload(app: AppTest, sound: np.ndarray) -> AppTest:
    buffer = io.BytesIO()
    soundfile.write(buffer, sound, 16_000, format="WAV")
    app.session_state["source"] = "Upload"
    app.run()
    return app.file_uploader(key="upload").upload("voice.wav", buffer.getvalue(), "audio/wav").run()


def titles(app: AppTest) -> list[str]:
    """Of the lanes on the stage."""
    _, drawn, _ = app.session_state["attention_shown"]
    return [lane.values["title"] for lane in drawn.lanes]


@pytest.mark.parametrize("system", list_systems())
def test_every_view_of_every_map_says_what_its_axes_are_not(page: AppTest, system: str, checkpoints: Path) -> None:
    page.selectbox(key="model").set_value(system).run()
    offered = choices(look(Recogniser(checkpoints / system).model, first_sample()))
    for one in offered:
        page.selectbox(key="map").set_value(one.title).run()
        for kind in one.kinds:
            right(page.button_group(key="view").set_value(kind).run())
            chosen, drawn, _ = page.session_state["attention_shown"]
            assert (chosen.map.title, chosen.kind) == (one.title, kind)
            assert one.shows_not in words(page)
            assert drawn.axes in words(page)
            assert len(drawn.lanes) >= 2


def test_only_the_time_frequency_transformer_has_hertz_of_its_own(checkpoints: Path) -> None:
    units = {}
    for system in list_systems():
        seen = look(Recogniser(checkpoints / system).model, first_sample())
        units[system] = any(axis.unit == "Hz" for one in seen.kept.values() for axis in one.axes)
    assert [system for system, hertz in units.items() if hertz] == ["tf_transformer"]


def test_the_figures_are_those_of_the_core(page: AppTest, checkpoints: Path) -> None:
    from ser_core.inspection import inspect_clip

    page.selectbox(key="model").set_value("mhsa_faca").run()
    _, _, figures = right(page).session_state["attention_shown"]
    report = inspect_clip(Recogniser(checkpoints / "mhsa_faca"), first_sample(), masked=False, random_weights=False)
    expected = report.alignment["calibrated"].figures()
    assert figures["Calibrated attention"] == pytest.approx(expected, nan_ok=False)


def test_one_head_is_another_curve_and_is_forgotten_with_its_map(page: AppTest) -> None:
    page.selectbox(key="model").set_value("mhsa_faca").run()
    page.selectbox(key="map").set_value("Attention").run()
    page.button_group(key="head").set_value("3").run()
    page.button_group(key="view").set_value("Over time").run()
    assert titles(right(page))[-1] == "Attention, head 3"
    page.selectbox(key="model").set_value("tf_transformer").run()
    assert titles(right(page))[-1] == "Time attention"  # which has two heads


def test_a_stretch_is_answered_as_if_it_were_the_clip(page: AppTest, checkpoints: Path) -> None:
    page.selectbox(key="model").set_value("vit_vertical")
    page.number_input(key="start").set_value(0.3)
    page.number_input(key="end").set_value(0.9).run()
    alone = Recogniser(checkpoints / "vit_vertical").predict(first_sample().cut(0.3, 0.9))
    assert "0.30 to 0.90 s, heard alone" in words(right(page))
    assert AS_ACTED[alone.label] in next(m.value for m in page.markdown if "the whole clip" in m.value)


def test_a_stretch_too_short_to_be_heard_says_so(page: AppTest) -> None:
    page.number_input(key="start").set_value(0.30)
    page.number_input(key="end").set_value(0.34).run()
    assert "0.1" in words(right(page)).partition("heard alone")[2]


def test_masking_and_random_weights_are_measured_on_demand_and_kept(page: AppTest) -> None:
    page.selectbox(key="model").set_value("vit_vertical").run()
    assert "masking" not in str(page.session_state["attention_shown"][2])
    page.button(key="mask-it").click().run()
    page.button(key="randomise-it").click().run()
    chosen, _, figures = right(page).session_state["attention_shown"]
    assert figures[f"{chosen.title}, masking"]["deletion_area_gain"] is not None
    assert figures[f"{chosen.title}, random weights"]["random_weights_rho"] is not None


def test_gradients_stand_on_the_stage_and_are_not_called_attention(page: AppTest) -> None:
    page.selectbox(key="model").set_value("tf_transformer")
    page.button_group(key="gradients").set_value(["Grad-CAM", "Occlusion"]).run()
    named = titles(right(page))
    assert [title for title in named if title.startswith(("Grad-CAM", "Occlusion"))] == named[-2:]
    assert ["gradients, not" in title for title in named[-2:]] == [title.startswith("Grad-CAM") for title in named[-2:]]
    assert all("not attention" in title for title in named[-2:])
    (own,) = [name for name in page.session_state["attention_shown"][2] if name.startswith("Occlusion")]
    assert own.removeprefix("Occlusion, ") in loaders.recogniser("tf_transformer").labels


def test_a_link_names_what_is_at_its_default_too(page: AppTest) -> None:
    """Elsewhere, with other checkpoints, the defaults are others."""
    (link,) = [one.value for one in right(page).code]
    query = parse_qs(link.partition("?")[2])
    assert query["model"] == [page.selectbox(key="model").value]
    assert {"emotion", "voice", "map", "view"} <= set(query)
    page.button_group(key="show").set_value("Compare").run()
    (link,) = [one.value for one in right(page).code]
    assert parse_qs(link.partition("?")[2])["beside"] == page.multiselect(key="beside").value


@pytest.mark.parametrize("system", list_systems())
def test_every_view_of_a_very_short_clip(page: AppTest, system: str) -> None:
    page.selectbox(key="model").set_value(system).run()
    upload(page, first_sample().samples[2_000:8_400])
    for title in page.selectbox(key="map").options:
        page.selectbox(key="map").set_value(title).run()
        for kind in page.button_group(key="view").options:
            name = getattr(kind, "content", kind)
            page.button_group(key="view").set_value(name).run()
            chosen, drawn, _ = right(page).session_state["attention_shown"]
            assert (chosen.map.title, chosen.kind) == (title, name)
            assert len(drawn.lanes) >= 2
            assert not page.warning


@pytest.mark.parametrize("system", list_systems())
@pytest.mark.parametrize("seconds", [0.4, 12.0])
def test_very_short_and_longer_clips(page: AppTest, system: str, seconds: float) -> None:
    page.selectbox(key="model").set_value(system).run()
    voice = np.tile(first_sample().samples, 60)[2_000 : 2_000 + round(16_000 * seconds)]
    upload(page, voice)
    assert len(titles(right(page))) >= 2
    kinds = page.button_group(key="view").options
    if "Matrix" in [getattr(kind, "content", kind) for kind in kinds]:
        right(page.button_group(key="view").set_value("Matrix").run())
        beside = page.session_state["attention_shown"][1].beside
        assert max(beside.values.shape) <= 128


def test_five_models_stand_one_above_the_other(page: AppTest) -> None:
    page.button_group(key="show").set_value("Compare").run()
    others = [system for system in list_systems() if system != page.selectbox(key="model").value]
    page.multiselect(key="beside").set_value(others).run()
    assert sorted(right(page).session_state["compared"]) == sorted(list_systems())
    table = next(m.value for m in page.markdown if m.value.startswith("| Checkpoint"))
    assert table.count("\n") == 1 + len(list_systems())


def test_the_papers_figures_say_which_checkpoint_is_missing_and_how_it_is_trained(page: AppTest) -> None:
    page.button_group(key="show").set_value("The papers' figures").run()
    assert "python -m ser_core train --recipe mhsa_faca-ravdess --set variant=bmhsa" in words(right(page))
    assert len(page.get("plotly_chart")) == 3  # three windows of the one variant that is here
    page.button_group(key="paper").set_value("002, Fig. 3: time and frequency").run()
    assert "product" in words(right(page))
    page.button_group(key="paper").set_value("003, Fig. 6: patches").run()
    assert "variant=teacher_6_square" in words(right(page))


def test_the_columns_of_a_papers_figure_learnt_from_the_same_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what ships, where one checkpoint of the same system learnt from other corpora, too."""
    monkeypatch.delenv("SER_CHECKPOINTS", raising=False)
    for system, needed in (("mhsa_faca", FACA), ("vit_vertical", PATCHES)):
        models = [model for _, model in found(system, needed)]
        assert len(models) == len(needed)
        assert len({tuple(model.card.data.train.utterances) for model in models}) == 1


def test_the_product_of_a_clip_shorter_than_its_window_is_drawn_over_the_whole_clip(page: AppTest) -> None:
    upload(page, first_sample().samples[2_000:8_400])
    page.button_group(key="show").set_value("The papers' figures").run()
    page.button_group(key="paper").set_value("002, Fig. 3: time and frequency").run()
    chart = next(c for c in right(page).get("plotly_chart") if "product" in c.proto.alt)
    (drawn,) = json.loads(chart.proto.spec)["data"]
    times = np.frombuffer(b64decode(drawn["x"]["bdata"]), drawn["x"]["dtype"])
    assert 0 < times[0] < 0.05 < 0.35 < times[-1] < 0.4  # not the window's 0.8 s


def test_a_corpus_is_measured_over_unseen_speakers(page: AppTest) -> None:
    page.selectbox(key="model").set_value("tf_transformer")
    page.button_group(key="show").set_value("Over a corpus").run()
    page.button_group(key="whose").set_value("Measure here").run()
    page.selectbox(key="corpus").set_value("synthetic")
    page.select_slider(key="clips").set_value(5).run()
    page.button(key="measure").click().run()
    assert "5 clips of" in words(right(page))
    assert len(page.get("plotly_chart")) == 1


def inspected(name: str, system: str, rho: float) -> list[dict[str, object]]:
    """Rows as the command `inspect` writes them."""
    head = {"checkpoint": name, "system": system, "variant": "default", "speaker": "x/a", "answer": "sad"}
    return [head | {"utterance": f"x/{emotion}", "emotion": emotion, "probability": 0.5, "seconds": 2.0, "problem": "",
                    "attention/energy_rho": rho, "attention/energy_p": 0.01, "focus/energy_rho": -rho}
            for emotion in ("angry", "sad")]  # fmt: skip


def test_figures_that_the_shell_wrote_are_opened(page: AppTest, tmp_path: Path) -> None:
    rows = [*inspected("faca", "mhsa_faca", 0.25), *inspected("bmhsa", "mhsa_faca", -0.5)]
    save_inspection(tmp_path / "figures.json", {"corpus": "x"}, rows)
    page.button_group(key="show").set_value("Over a corpus").run()
    page.button_group(key="whose").set_value("Open a file").run()
    page.file_uploader(key="inspection-file").upload(
        "figures.json", (tmp_path / "figures.json").read_bytes(), "application/json"
    ).run()
    table = next(m.value for m in right(page).markdown if m.value.startswith("| Model"))
    assert "| faca | 0.25 | 100% |" in table
    assert "| bmhsa | \N{MINUS SIGN}0.50 | 100% |" in table
    page.button_group(key="side").set_value("Emotions").run()
    page.selectbox(key="of").set_value("bmhsa").run()
    page.selectbox(key="figuremap").set_value("focus").run()
    assert "on 2 clips of 1 speaker that" in words(right(page))
    assert "| focus | 0.50 |" in words(page)


def test_a_file_that_is_none_is_refused_in_a_sentence(page: AppTest) -> None:
    page.button_group(key="show").set_value("Over a corpus").run()
    page.button_group(key="whose").set_value("Open a file").run()
    page.file_uploader(key="inspection-file").upload("notes.json", b"[1, 2]", "application/json").run()
    assert not page.exception
    assert [error.value for error in page.error] == [
        "notes.json holds no inspection that this version reads (format 1): `python -m ser_core inspect --out "
        "NAME.json` writes such a file."
    ]


def test_every_stop_of_the_tour_sets_the_page_up(page: AppTest) -> None:
    page.number_input(key="cover").set_value(0).run()  # the stops speak of a veil
    page.button(key="tour-begin").click().run()
    assert page.number_input(key="cover").value > 0
    reached = 0
    for number, station in enumerate(stations()):
        assert f"Tour {number + 1}/{len(stations())}: {station.title}" in words(right(page))
        assert page.selectbox(key="model").value == station.system
        if station.setting["show"] == "One model":
            chosen = page.session_state["attention_shown"][0]
            if chosen.map.title == station.setting["map"]:  # the small models here have fewer blocks
                assert chosen.kind == station.setting["view"]
                reached += 1
        if number + 1 < len(stations()):
            page.button(key="tour-on").click().run()
    assert reached >= 6


def test_what_the_stops_show_is_worked_out_once_the_tour_begins(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    st.cache_resource.clear()
    page.button(key="tour-begin").click().run()
    for thread in threading.enumerate():
        if thread.name == "tour":
            thread.join()
    monkeypatch.setattr(attention_look, "look", None)  # nothing is left to work out
    for _ in stations()[1:]:
        page.button(key="tour-on").click().run()
        right(page)


def test_what_is_kept_for_a_visitor_is_bounded(page: AppTest) -> None:
    for utterance in samples()[:8]:
        page.session_state["emotion"], page.session_state["voice"] = utterance.emotion, utterance.sex
        page.run()
    assert len(page.session_state["memory/looks"]) <= 6
    assert len(page.session_state["memory/log-mels"]) <= 3

"""The page Signal, without a browser: pictures of every system, changes of the sound, masks, long and broken clips."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from streamlit.testing.v1 import AppTest

from pages.shared.explanations import PICTURES
from pages.shared.what_if import IN_FEATURES
from ser_core.audio import Waveform, load
from ser_core.changes import Changes, FeatureMask
from ser_core.corpora.synthetic import samples
from ser_core.emotions import AS_ACTED
from ser_core.models import list_systems, system_class
from ser_core.recogniser import Prediction, Recogniser
from tests.pages.checkpoints import untrained

APP = Path(__file__).resolve().parents[2] / "app.py"
PAGE = "pages/signal.py"
SMALL = {"serct": "no_cnn", "ctmam": "small"}  # the variant that is quickest


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
    elements = [*app.header, *app.markdown, *app.caption]
    return "\n".join(element.value for element in elements)


def shown(app: AppTest) -> list[Prediction]:
    assert not app.exception
    assert not app.error
    return list(app.session_state["answers_shown"])


def first_sample() -> Waveform:
    return load(samples()[0].path)


def upload(app: AppTest, sound: np.ndarray) -> AppTest:
    buffer = io.BytesIO()
    soundfile.write(buffer, sound, 16_000, format="WAV")
    app.session_state["source"] = "Upload"
    app.run()
    return app.file_uploader(key="upload").upload("voice.wav", buffer.getvalue(), "audio/wav").run()


def test_the_first_view_has_every_picture_and_what_it_does_not_show(page: AppTest) -> None:
    assert len(shown(page)) == 1
    assert len(page.get("plotly_chart")) == 1 + len(PICTURES)
    for explanation in PICTURES.values():
        assert explanation.shows in words(page)
        assert explanation.not_shown in words(page)
    assert len(page.get("latex")) >= len(PICTURES)


@pytest.mark.parametrize("system", list_systems())
def test_each_system_says_which_picture_it_reads_and_with_which_settings(page: AppTest, system: str) -> None:
    page.selectbox(key="model").set_value(system).run()
    shown(page)
    title = system_class(system).title
    assert f"what {title} reads" in words(page)
    assert f"{title}" in next(caption.value for caption in page.caption if "windows of" in caption.value)


def test_one_step_leads_to_noise_and_one_back(page: AppTest, checkpoints: Path) -> None:
    page.button[[button.label for button in page.button].index("Add noise")].click().run()
    before, after = shown(page)
    alone = Recogniser(checkpoints / page.selectbox(key="model").value)
    np.testing.assert_allclose(before.probabilities, alone.predict(first_sample()).probabilities, atol=1e-5)
    noisy = Changes(snr_db=10.0).apply(first_sample())
    np.testing.assert_allclose(after.probabilities, alone.predict(noisy).probabilities, atol=1e-5)
    assert len(page.get("plotly_chart")) == 2 + 2 * len(PICTURES)
    assert f"sounds like {AS_ACTED[after.label]}" in words(page)
    page.button[[button.label for button in page.button].index("Undo all changes")].click().run()
    assert len(shown(page)) == 1


def test_several_changes_are_what_the_core_makes_of_them(page: AppTest, checkpoints: Path) -> None:
    page.slider(key="speed").set_value(1.25)
    page.slider(key="semitones").set_value(-2.0)
    page.slider(key="gain").set_value(6)
    page.slider(key="shift").set_value(0.2)
    page.slider(key="mute").set_value((20, 40))
    page.slider(key="stop").set_value((1000, 3000)).run()
    changes = Changes(1.25, -2.0, 0.2, 6.0, None, stopped=(1000.0, 3000.0), muted=(0.2, 0.4))
    alone = Recogniser(checkpoints / page.selectbox(key="model").value)
    expected = alone.predict(changes.apply(first_sample()))
    np.testing.assert_allclose(shown(page)[1].probabilities, expected.probabilities, atol=1e-5)


@pytest.mark.parametrize(
    ("system", "key", "ends", "rows"),
    [
        ("ctmam", "coefficients", (0, 1), (-0.5, 0.5)),
        ("tf_transformer", "stop", (500, 2_000), (500.0, 2_000.0)),
        ("serct", None, None, (0.0, 0.0)),
    ],
)
def test_a_mask_on_what_the_model_reads_leaves_the_sound_alone(
    page: AppTest, checkpoints: Path, system: str, key: str | None, ends: tuple[int, int] | None, rows: tuple
) -> None:
    page.selectbox(key="model").set_value(system)
    page.button_group(key="masks").set_value(IN_FEATURES).run()
    if key is None:
        assert not [slider for slider in page.slider if slider.key in ("stop", "coefficients")]
    else:
        page.slider(key=key).set_value(ends)
    page.slider(key="mute").set_value((30, 60)).run()
    before, after = shown(page)
    clip, alone = first_sample(), Recogniser(checkpoints / system)
    mask = FeatureMask((0.3 * clip.seconds, 0.6 * clip.seconds), rows)
    expected = alone.predict_changed(clip, lambda segments: mask.on_segments(segments, alone.model.front_end))
    np.testing.assert_allclose(after.probabilities, expected.probabilities, atol=1e-5)
    assert not np.array_equal(after.logits, before.logits)


def test_settings_of_ones_own_change_the_pictures_and_not_the_answer(page: AppTest) -> None:
    before = shown(page)[0]
    page.button_group(key="settings").set_value("Mine").run()
    page.select_slider(key="window").set_value(5.0)
    page.slider(key="bands").set_value(20)
    page.slider(key="mfcc").set_value(40)  # more than there are bands
    page.slider(key="zoom").set_value((0.5, 0.8)).run()
    np.testing.assert_array_equal(shown(page)[0].probabilities, before.probabilities)
    assert "reads" not in " ".join(badge.value for badge in page.markdown if "badge" in badge.value)


def test_a_change_that_leaves_nothing_says_so_and_keeps_the_pictures(page: AppTest) -> None:
    page.slider(key="mute").set_value((0, 100)).run()
    assert not page.exception
    assert "Nothing is left to hear" in page.error[0].value
    assert len(page.session_state["answers_shown"]) == 1
    assert len(page.get("plotly_chart")) == 1 + len(PICTURES)


@pytest.mark.parametrize("seconds", [0.4, 90.0])
def test_very_short_and_long_clips(page: AppTest, seconds: float) -> None:
    voice = np.tile(first_sample().samples, 60)[2_000 : 2_000 + round(16_000 * seconds)]
    upload(page, voice)
    shown(page)
    if seconds > 60:
        page.slider(key="from").set_value(20).run()
        assert shown(page)[0].ends.max() <= 60.0
    page.select_slider(key="noise").set_value(10).run()
    assert len(shown(page)) == 2


def test_what_is_kept_for_a_visitor_is_bounded(page: AppTest) -> None:
    for gain in (-20, -18, -16, -14, -12, -10, -8):
        page.slider(key="gain").set_value(gain).run()
    kept = {key: len(page.session_state[key]) for key in ("memory/changed", "memory/pictures", "answers")}
    assert kept["memory/changed"] <= 6
    assert kept["memory/pictures"] <= 24
    assert kept["answers"] <= 8

"""What can contradict a map: masking, random weights, other heads, and gradients as a second opinion."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from pages.shared import brand, busy
from pages.shared.attention_look import aligned, heard, loudness_at
from pages.shared.clip import Clip
from pages.shared.memory import recalled, remembered
from pages.shared.save import save_figure
from ser_core.errors import SpeechEmotionError
from ser_core.inspection.agreement import agreement
from ser_core.inspection.faithfulness import Faithfulness, faithfulness
from ser_core.inspection.look import Look
from ser_core.inspection.randomisation import COPIES, Randomisation, random_copies, randomisation
from ser_core.inspection.views import View
from ser_core.maps import AttentionMap
from ser_core.plots.agreement import agreement_table
from ser_core.plots.attention import CurvePanel
from ser_core.plots.faithfulness import MaskingPanel, masking_curves
from ser_core.plots.theme import percent
from ser_core.recogniser import Recogniser

METHODS = {
    "Occlusion": "occlusion",
    "Integrated gradients": "integrated_gradients",
    "Grad-CAM": "grad_cam",
}
NOT_ATTENTION = {
    "occlusion": "by hiding, not attention",
    "integrated_gradients": "gradients, not attention",
    "grad_cam": "gradients, not attention",
}
UNITS = {"occlusion": "fall, logit", "integrated_gradients": "logit per s", "grad_cam": "relative"}
READING = {
    "occlusion": "How far the emotion's logit falls in the model's windows around a moment when a stretch of their "
    "features is replaced by the clip's average; a stretch that another one can stand in for shows nothing.",
    "integrated_gradients": "How much each moment adds to the logit of the model's windows around it on the way from "
    "the clip's average to the clip; it depends on where that way begins.",
    "grad_cam": "Where the channels of one layer are active that raise the logit; only what speaks for the emotion is "
    "shown, as coarse as that layer.",
}
Row = dict[str, float | None]


def pick_methods() -> list[str]:
    """Draw the widget.  Returns the chosen methods by their names in the core."""
    chosen = st.pills(
        "Second opinion, on the same seconds: hiding and gradients, not attention", list(METHODS),
        selection_mode="multi", key="gradients", wrap=True, bind="query-params",
        help="Worked out on a copy of the model with Captum. It says what the answer is sensitive to, as attention "
        "says what was mixed. Neither is the truth, and on speech they often disagree.",
    )  # fmt: skip
    return [METHODS[name] for name in chosen]


def second_opinions(
    clip: Clip, model: Recogniser, methods: list[str], emotion: str, curve: AttentionMap | None
) -> tuple[list[CurvePanel], list[str], dict[str, Row]]:
    """A lane for each method, a sentence for each, and their figures."""
    lanes, words, rows = [], [], {}
    for method in methods:
        found = _worked_out("opinions", (clip.waveform.digest, model, method, emotion),
                            partial(_attribute, clip, model, method, emotion))  # fmt: skip
        if found is None:
            continue
        own = found.curve()
        name = next(title for title, key in METHODS.items() if key == method)
        layer = f" at {found.layer}" if found.layer else ""
        lanes.append(
            CurvePanel(f"{name}{layer} ({NOT_ATTENTION[method]})", own, loudness_at(clip, own.axis("time").centres),
                       UNITS[method])
        )  # fmt: skip
        rho = None if curve is None else agreement({"attention": curve, method: own}).mean
        with_attention = "" if rho is None else f" Rank correlation with the attention above: **{_signed(rho)}**."
        words.append(f"**{name}.** {READING[method]}{with_attention}")
        rows[f"{name}, {emotion}"] = {
            "attention_rho": rho,
            **aligned(clip, model, f"{method}/{emotion}", own).figures(),
        }
    return lanes, words, rows


def _attribute(clip: Clip, model: Recogniser, method: str, emotion: str, progress: busy.Progress) -> Any:
    from ser_core.inspection.gradients import attribute  # captum is slow to import and seldom needed

    return attribute(model.model, clip.waveform, method, model.labels, emotion, progress=progress)  # type: ignore[arg-type]


def show_tests(
    clip: Clip, model: Recogniser, look: Look, view: View, curve: AttentionMap, emotion: str
) -> dict[str, Row]:
    """Buttons, and what has been found out; returns the figures."""
    st.markdown("**Does the answer hang on it?**")
    key = (clip.waveform.digest, model, view.name, emotion)
    left, right = st.columns(2, gap="medium")
    with left, st.container(key="masking", gap="xsmall"):
        st.button(
            "Mask what it attended to", icon=":material/ink_eraser:", key="mask-it", on_click=busy.ask,
            args=("masked",), help="The clip is heard some seventy times, which takes a while where it is long.",
        )  # fmt: skip
        masked: Faithfulness | None = recalled("masked", key)
        if busy.asked("masked") and masked is None:
            masked = _worked_out("masked", key, lambda progress: faithfulness(
                model, clip.waveform, curve, emotion, sound=heard(clip), progress=progress))  # fmt: skip
        st.caption(
            "The sound is masked, the most attended moments first, and heard again. If they mattered, the probability "
            "falls sooner than where the same curve is laid elsewhere on the clip."
        )
    with right, st.container(key="randomised", gap="xsmall"):
        st.button("Try random weights", icon=":material/casino:", key="randomise-it", on_click=busy.ask,
                  args=("randomised",))  # fmt: skip
        compared: Randomisation | None = recalled("randomised", key)
        if busy.asked("randomised") and compared is None:
            compared = _worked_out("randomised", key, lambda progress: _randomised(
                clip, model, view, curve, model.labels.index(emotion), progress))  # fmt: skip
        st.caption(
            f"{COPIES} copies of the model with weights drawn anew. A curve that stays the same comes from the "
            "architecture and the sound, and explains nothing that was learnt."
        )
        if compared is not None:
            _show_randomised(compared)
    if masked is not None:
        _show_masked(masked)
    rows: dict[str, Row] = {}
    if masked is not None:
        rows["masking"] = masked.figures()
    if compared is not None:
        rows["random weights"] = {"random_weights_rho": compared.mean}
    heads = _show_heads(look, view)
    return rows | ({"heads": {"agreement": heads}} if heads is not None else {})


def _worked_out(kind: str, key: Any, make: Callable[[busy.Progress], Any]) -> Any:
    """Kept, or worked out with a bar and a way to stop; None where it cannot be, and the page says why."""
    found = recalled(kind, key)
    if found is not None:
        return found
    name = f"-{kind}-{key[2]}"
    work = f"{name}-{key[0]}"
    if kind == "opinions" and busy.stopped(work, name):  # these begin by themselves, as long as they are chosen
        return None
    try:
        with busy.working(name, work) as progress:
            made = make(progress)
    except (SpeechEmotionError, busy.Busy) as error:
        st.warning(str(error), icon=":material/info:")
        return None
    return remembered(kind, key, lambda: made, 12)


def _randomised(
    clip: Clip, model: Recogniser, view: View, curve: AttentionMap, emotion: int, progress: busy.Progress
) -> Randomisation:
    progress("drawing weights", 0, COPIES + 1)
    found = []
    for number in range(COPIES):
        copies = random_copies(model.model, 1, number)
        found.append(randomisation({view: curve}, copies, clip.waveform, emotion)[view.name])
        progress("listening with random weights", number + 1, COPIES + 1)
    rho = tuple(value for one in found for value in one.rho)
    usable = [value for value in rho if value is not None]
    return Randomisation(rho, float(np.mean(usable)) if usable else None, "" if usable else found[0].reason)


def _show_masked(found: Faithfulness) -> None:
    if found.attention is None:
        st.info(f"Not known: {found.reason}.", icon=":material/info:")
        return
    st.plotly_chart(
        masking_curves(found, brand.colours()), theme=None, config={"displayModeBar": False}, key="masking-curves",
        alt="Probability over the share of the time masked, by attention, by loudness and at random.",
    )  # fmt: skip
    place = found.attention.shares.index(0.2)
    at_random = float(np.mean([order.deletion[place] for order in found.random]))
    area = found.attention.deletion_area()
    lower = sum(area < order.deletion_area() for order in found.random)
    draws = len(found.random)
    verdict = (
        f"it falls sooner than with {lower} of the {draws} curves laid elsewhere"
        f"{f' (with all of them: by chance once in {draws + 1})' if lower == draws else ''}"
    )
    st.markdown(
        f"Without the **20 %** of the time that it attended to most, *{found.emotion}* goes from "
        f"{percent(found.probability or 0)} to **{percent(found.attention.deletion[place])}**; with the curve laid "
        f"elsewhere to {percent(at_random)}, and without the loudest 20 % to "
        f"{percent(found.energy.deletion[place] if found.energy else 0)}. Over the whole line: {verdict}."
    )
    st.caption(
        "Left: a line that falls sooner is better. Right: one that rises sooner. Grey: the same curve laid elsewhere, "
        "the spread of five draws. A masked clip is like nothing the model was trained on: compare the lines, and do "
        "not read one by itself. The axes are shares of the time and probability: there are no seconds and no hertz."
    )
    panels = [[MaskingPanel(found, "deletion"), MaskingPanel(found, "insertion")]]
    with st.container(horizontal=True, horizontal_alignment="right"):
        save_figure("masking", panels, [(0, 0)], brand.colours(), lambda: _masking_csv(found), below=None)


def _masking_csv(found: Faithfulness) -> str:
    """A line for each order and share of the time."""
    orders = {"attention": found.attention, "loudness": found.energy}
    orders |= {f"random {number}": order for number, order in enumerate(found.random, start=1)}
    lines = ["order,share_of_time,probability_masked,probability_brought_back"]
    for name, order in orders.items():
        if order is not None:
            values = zip(order.shares, order.deletion, order.insertion, strict=True)
            lines += [f"{name},{share:g},{masked:.6g},{back:.6g}" for share, masked, back in values]
    return "\n".join(lines) + "\n"


def _show_randomised(found: Randomisation) -> None:
    if found.mean is None:
        st.markdown(f"Not known: {found.reason}.")
        return
    each = ", ".join("–" if rho is None else _signed(rho) for rho in found.rho)
    verdict = "much the same" if found.mean > 0.7 else "quite another" if found.mean < 0.3 else "partly the same"
    st.markdown(f"Random weights give **{verdict}** curve: rank correlation **{_signed(found.mean)}** ({each}).")


def _show_heads(look: Look, view: View) -> float | None:
    own = {one.name: curve for one, curve in look.curves.items() if one.source == view.source and one.head is not None}
    if len(own) < 2:
        return None
    found = agreement(own)
    if found.mean is None:
        return None
    st.markdown(f"**Do the heads agree?** On average their rank correlation is **{_signed(found.mean)}**.")
    table = st.expander("Head by head", icon=":material/grid_on:", key="heads-table", on_change="rerun")
    if not table.open:  # a closed one would be drawn anew with every click elsewhere
        return found.mean
    with table:
        st.plotly_chart(
            agreement_table(found, tuple(str(n) for n in range(1, len(own) + 1)), brand.colours()), theme=None,
            config={"displayModeBar": False, "staticPlot": True}, key="heads-agree",
            alt="Rank correlation of each pair of heads.",
        )  # fmt: skip
        st.caption("Rank correlation of each pair of heads along the clip: 1 is the same order of moments, 0 none.")
    return found.mean


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")

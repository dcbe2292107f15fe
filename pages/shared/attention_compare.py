"""Two to five checkpoints on one clip: their curves one above the other on the same seconds, with their answers."""

from __future__ import annotations

import streamlit as st

from pages.shared import brand, busy, loaders
from pages.shared.attention_figures import figures_csv
from pages.shared.attention_link import link_popover
from pages.shared.attention_look import aligned, looked
from pages.shared.attention_maps import Chosen, choices
from pages.shared.attention_panels import base, curve_of, curve_panel
from pages.shared.attention_stretch import pick_stretch, told
from pages.shared.attention_words import TIME
from pages.shared.clip import Clip
from pages.shared.save import save_figure
from pages.shared.stage import show_stage
from ser_core.checkpoints import list_checkpoints, readable_cards
from ser_core.emotions import AS_ACTED
from ser_core.errors import SpeechEmotionError
from ser_core.inspection.agreement import agreement
from ser_core.maps import AttentionMap, maps_to_bytes
from ser_core.plots.agreement import agreement_table
from ser_core.plots.attention import CurvePanel, evenness
from ser_core.plots.attention_stage import curve_lane
from ser_core.plots.theme import percent
from ser_core.recogniser import Recogniser

MOST = 5


def show_compare(clip: Clip, model: Recogniser) -> None:
    names = list_checkpoints()
    if len(names) < 2:
        st.info("There is one checkpoint here: a comparison needs two.", icon=":material/info:")
        return
    others = [name for name in names if name != model.name]
    chosen = st.multiselect(
        f"Beside {model.name}", others, default=rivals(model.card.system, others), max_selections=MOST - 1,
        key="beside", bind="query-params", placeholder="Choose one to four",
    )  # fmt: skip
    stretch_place, waiting, panels, rows = st.container(), st.container(), [], []
    curves: dict[str, AttentionMap] = {}
    for name in [model.name, *chosen]:
        with waiting:
            found = _curve(clip, name)
        if found is None:
            continue
        panel, figures = found
        panels.append(panel)
        curves[name] = panel.curve
        rows.append((name, panel, figures))
    stretch, zoom, cover = pick_stretch(clip.waveform.seconds)
    lanes, pictures = base(clip, None, "")
    with stretch_place:
        show_stage(
            "stage", clip.wav, clip.waveform.seconds, [*lanes, *(curve_lane(one, one.state) for one in panels)],
            box=stretch, zoom=zoom, cover=cover, changed=told,
        )  # fmt: skip
    st.caption(
        "Shows the map that each model opens with, and at the right of each its answer; grey is loudness. Bottom: "
        "seconds. Left: each map's own unit, so that heights cannot be compared between models, only places; none of "
        "these curves has hertz. Where one begins late or ends early, its model was not given the rest: quiet ends are "
        "cut off, and so is a rest shorter than the step between its windows. Does not show which model is right: a "
        "model can attend to the voice and answer wrong."
    )
    _show_table(rows)
    pairs = _show_agreement(curves) if len(curves) > 1 else {}
    with st.container(key="more", horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
        link_popover("beside")
        save_figure(
            "comparison", [[*pictures, *panels]], [zoom or (0.0, clip.waveform.seconds)], brand.colours(),
            lambda: figures_csv({name: figures for name, _, figures in rows} | pairs),
            {"NPZ": ("application/octet-stream", lambda: maps_to_bytes(curves))},
        )  # fmt: skip
    st.session_state["compared"] = list(curves)


def rivals(system: str, names: list[str]) -> list[str]:
    """Two to begin with, of other systems where there are some; of each the paper's own variant where it is here."""
    first: dict[str, str] = {}
    for name, card in sorted(readable_cards(names).items(), key=lambda one: one[1].variant != "default"):
        first.setdefault(card.system, name)
    unlike = [name for own, name in first.items() if own != system]
    return (unlike or names)[:2]


def _curve(clip: Clip, name: str) -> tuple[CurvePanel, dict[str, float | None]] | None:
    """A checkpoint's first map, its figures; None where it has none, and the page says why."""
    try:
        model = loaders.recogniser(name)
        look = looked(clip, model)
        answer = loaders.answer(clip, model)
    except busy.Stopped:
        return None
    except (SpeechEmotionError, busy.Busy) as error:
        st.warning(f"{name}: {error}", icon=":material/info:")
        return None
    first = choices(look)[0]
    chosen = Chosen(first, None, TIME)
    emotion = int(answer.probabilities.argmax())
    panel, curve = curve_panel(clip, look, chosen, emotion, model.labels), curve_of(look, chosen, emotion)
    if panel is None or curve is None:
        return None
    figures = aligned(clip, model, f"{chosen.curve}/{emotion}", curve).figures()
    said = f"{AS_ACTED[answer.label]} {percent(float(answer.probabilities.max()))}"
    said = " · ".join(filter(None, (evenness(curve), said)))
    titled = CurvePanel(f"{name}: {panel.title}", panel.curve, panel.loudness, panel.unit, said)
    return titled, figures


def _show_table(rows: list[tuple[str, CurvePanel, dict[str, float | None]]]) -> None:
    lines = [
        "| Checkpoint | Answer | With loudness | p | With voicing | Inside speech above its share |",
        "|---|---|---|---|---|---|",
    ]
    for name, panel, figures in rows:
        cells = [_cell(figures[key]) for key in ("energy_rho", "energy_p", "voicing_rho", "speech_gain")]
        lines.append(f"| {name} | {panel.state.split(' · ')[-1]} | {' | '.join(cells)} |")
    st.container(key="wide-table").markdown("\n".join(lines))


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{round(value, 2) + 0.0:.2f}".replace("-", "\N{MINUS SIGN}")  # no -0.00


def _show_agreement(curves: dict[str, AttentionMap]) -> dict[str, dict[str, float | None]]:
    """Returns the figure of each pair."""
    found = agreement(curves)
    mean = "cannot be had: " + found.reason if found.mean is None else f"is **{_cell(found.mean)}** on average"
    st.markdown(f"**Do they look at the same moments?** The rank correlation of their curves {mean}.")
    st.plotly_chart(
        agreement_table(found, tuple(curves), brand.colours()), theme=None, key="models-agree",
        config={"displayModeBar": False, "staticPlot": True}, alt="Rank correlation of each pair of checkpoints.",
    )  # fmt: skip
    st.caption("1: the same order of moments, 0: nothing in common, below 0: the one looks where the other does not.")
    places = range(len(found.names))
    return {
        f"{found.names[i]} with {found.names[j]}": {"agreement": found.rho[i][j]}
        for i in places
        for j in places
        if i < j
    }

"""The papers' own figures, drawn on the clip that stands on the page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from pages.shared import brand, busy, loaders
from pages.shared.attention_link import link_popover
from pages.shared.attention_look import heard, looked, maps_of_segment, picture
from pages.shared.clip import Clip
from pages.shared.save import save_figure
from pages.shared.what_if import changed
from ser_core.changes import Changes
from ser_core.checkpoints import list_checkpoints, readable_cards
from ser_core.errors import SpeechEmotionError
from ser_core.inspection.look import multiplied
from ser_core.maps import AttentionMap, maps_to_bytes, seconds_axis
from ser_core.plots import spectrogram
from ser_core.plots.attention import OverlayPanel, RowsPanel, with_names
from ser_core.plots.attention_matrix import matrix_panel
from ser_core.plots.panel import Panel, Span
from ser_core.plots.spectrogram import PicturePanel
from ser_core.plots.theme import percent
from ser_core.recogniser import Recogniser

BARE = {"displayModeBar": False}
COPIES = {
    "The clip": Changes(),
    "With noise, 15 dB": Changes(snr_db=15.0),
    "0.3 s later": Changes(shift=0.3),
    "1.1 times as fast": Changes(speed=1.1),
}


@dataclass(frozen=True)
class Needed:
    """A column of a figure.  variants: names for the same, the one to prefer first; recipe: what trains it."""

    title: str
    variants: tuple[str, ...]
    recipe: str


FACA = (
    Needed("BMHSA", ("bmhsa",), "mhsa_faca-ravdess --set variant=bmhsa"),
    Needed("+ focus attention", ("fa",), "mhsa_faca-ravdess --set variant=fa"),
    Needed("+ calibration (FACA)", ("faca", "default"), "mhsa_faca-ravdess"),
)
TF = (Needed("Time-Frequency Transformer", ("default",), "tf_transformer-ravdess"),)
PATCHES = (
    Needed("Patches 128×1", ("teacher_6", "default", "student", "teacher_12"), "vit_vertical-ravdess"),
    Needed("Patches 16×16", ("teacher_6_square",), "vit_vertical-ravdess --set variant=teacher_6_square"),
)


def show_papers(clip: Clip, model: Recogniser) -> None:
    chosen = st.segmented_control(
        "Figure", list(FIGURES), default=next(iter(FIGURES)), required=True, key="paper", bind="query-params",
        wrap=True, label_visibility="collapsed",
    )  # fmt: skip
    try:
        FIGURES[chosen](clip)
    except busy.Stopped:
        return
    except (SpeechEmotionError, busy.Busy) as error:
        st.error(str(error), icon=":material/center_focus_weak:")


def found(system: str, needed: Sequence[Needed]) -> list[tuple[Needed, Recogniser]]:
    """The columns whose checkpoint is here; the page says how the others are trained."""
    every = readable_cards(list_checkpoints())
    cards = {name: one for name, one in every.items() if one.system == system}
    here = []
    for column in needed:
        # those trained on RAVDESS first, and on nothing else, as the columns beside it are
        able = sorted(
            ("ravdess" not in one.data.corpora, column.variants.index(one.variant), len(one.data.corpora), name)
            for name, one in cards.items()
            if one.variant in column.variants
        )
        if able:
            here.append((column, loaders.recogniser(able[0][-1])))
        else:
            st.info(
                f"No checkpoint of **{column.title}** is here. This trains one: "
                f"`python -m ser_core train --recipe {column.recipe}`",
                icon=":material/model_training:",
            )
    return here


def loudest(clip: Clip) -> float:
    sound = heard(clip)
    return float(sound.times[sound.loudness.argmax()])


def faca(clip: Clip) -> None:
    columns = found("mhsa_faca", FACA)
    if not columns:
        return
    st.caption(
        "After Figure 2 of 004: overlapping windows of half a second around the loudest moment, which the red line "
        "marks. Left: the moment that looks, bottom: the moment looked at, both in seconds and neither in hertz, mean "
        "over all heads. Each picture has colours of its own scale. Does not show that attention follows loudness "
        "because a bright column meets the line: the figures under One model measure it."
    )
    _name_models(columns)
    drawn: list[list[Panel]] = [[] for _ in columns]
    kept: dict[str, AttentionMap] = {}
    moment = loudest(clip)
    for row in (-1, 0, 1)[: min(len(looked(clip, model).clip) for _, model in columns)]:
        cells = st.columns(len(columns), gap="small")
        for place, (cell, (column, model)) in enumerate(zip(cells, columns, strict=True)):
            look = looked(clip, model)
            middle = int(np.clip(look.segment_at(moment), 1, max(1, len(look.clip) - 2)))  # with one on either side
            segment = middle + row
            maps = maps_of_segment(clip, model, segment)
            name = "calibrated" if "calibrated" in maps and "calibration" in maps else "attention"
            start, end = float(look.clip.starts[segment]), float(look.clip.ends()[segment])
            mark = moment if start <= moment <= end else None
            window = f"{start:.1f} to {end:.1f} s"
            title = f"{model.name}, {window}"
            panel = replace(matrix_panel(maps[name], None, start, title, mark=mark, until=end,
                                         around=look.around(segment)), height=240)  # fmt: skip
            drawn[place].append(panel)
            kept[f"{model.name}/window {segment + 1}/{name}"] = maps[name]
            cell.markdown(f"**{column.title}** · {window}")
            cell.plotly_chart(panel.figure((0, 0), brand.colours()), theme=None, config=BARE, alt=title,
                              key=f"faca-{row}-{place}")  # fmt: skip
    _save("bmhsa-fa-faca", drawn, [(0, 0)] * len(drawn), None, kept)


def tf(clip: Clip) -> None:
    columns = found("tf_transformer", TF)
    if not columns:
        return
    model = columns[0][1]
    look = looked(clip, model)
    segment = look.segment_at(loudest(clip))
    start, end = float(look.clip.starts[segment]), float(look.clip.ends()[segment])
    maps = maps_of_segment(clip, model, segment)
    if look.clip.seconds > look.clip.span[1]:  # the clip stands in its window several times: their mean
        product = look.product()
    else:
        product = multiplied(maps["time"], maps["band"])
        product = replace(product, axes=(seconds_axis("time", product.axes[0].centres + start), product.axes[1]))
    span: Span = (start, end)
    whole, limits = picture(clip)
    panels: list[Panel] = [
        PicturePanel("(a) log-mel", spectrogram.shrink(whole, span), limits),
        replace(
            matrix_panel(
                maps["time.attention"], None, start, "(b) time attention", until=end, around=look.around(segment)
            ),
            height=250,
        ),
        replace(matrix_panel(maps["frequency.attention"], None, start, "(c) frequency attention"), height=250),
        RowsPanel("(d) time × frequency, our product", product, unit="× even share", **with_names(product)),
    ]
    st.caption(
        f"After Figure 3 of 002, on the window of {start:.2f} to {end:.2f} s, which holds the loudest moment. (a) the "
        "picture, (b) frames by frames, (c) bands by bands, mean over heads, (d) the product of the two marginals. The "
        "paper does not say how its time-frequency map was made; the model's own third map has neither seconds nor "
        "hertz, so (d) is our product and no map of the model."
    )
    _name_models(columns)
    for pair in (panels[:2], panels[2:]):
        for place, (cell, panel) in enumerate(zip(st.columns(2, gap="small"), pair, strict=True)):
            cell.markdown(f"**{panel.title}**")
            cell.plotly_chart(panel.figure(span, brand.colours()), theme=None, config=BARE, alt=panel.title,
                              key=f"tf-{panel.title[1]}-{place}")  # fmt: skip
    kept = {name: maps[name] for name in ("time.attention", "frequency.attention")} | {"product": product}
    _save("log-mel-time-frequency", [panels[::2], panels[1::2]], [span] * 2, None, kept)


def patches(clip: Clip) -> None:
    columns = found("vit_vertical", PATCHES)
    if not columns:
        return
    st.caption(
        "After Figure 6 of 003: where the class token of the last layer looks, on the clip and on copies of it that a "
        "person hears as the same emotion. Bottom: seconds. Left: hertz of the picture; a column of 128×1 is 31 ms "
        "wide and holds all hertz (smoothed and stretched to 0..1, as in the paper's masks), a patch of 16×16 is half "
        "a second by sixteen mel bands. Does not show why: a map that moves with the copy may still decide nothing; "
        "and where a student stands beside a teacher they differ in depth too."
    )
    _name_models(columns)
    drawn: list[list[Panel]] = [[] for _ in columns]
    kept: dict[str, AttentionMap] = {}
    spans: list[Span] = []
    for name, changes in COPIES.items():
        copy = changed(clip, changes) if changes else clip
        span = (0.0, copy.waveform.seconds)
        cells = st.columns(len(columns), gap="small")
        for place, (cell, (column, model)) in enumerate(zip(cells, columns, strict=True)):
            look = looked(copy, model)
            strength = look.plane("cls") if "cls" in look.planes() else look.curve("stripes")
            whole, limits = picture(copy)
            said = loaders.answer(copy, model)
            title = f"{name}: {said.label} {percent(float(said.probabilities.max()))}"
            panel = OverlayPanel(title, spectrogram.shrink(whole, span), limits, strength)
            drawn[place].append(panel)
            kept[f"{model.name}/{name}"] = strength
            cell.markdown(f"**{column.title}** · {title}")
            cell.plotly_chart(panel.figure(span, brand.colours()), theme=None, config=BARE, alt=title,
                              key=f"patches-{name}-{place}")  # fmt: skip
        spans.append(span)
    _save("patches", drawn, [(0.0, max(span[1] for span in spans))] * len(drawn), "seconds", kept)


def _name_models(columns: Sequence[tuple[Needed, Recogniser]]) -> None:
    """Which checkpoint stands for what."""
    st.caption(" · ".join(f"{column.title}: `{model.name}`" for column, model in columns))


def _save(
    key: str, drawn: list[list[Panel]], spans: list[Span], below: str | None, kept: dict[str, AttentionMap]
) -> None:  # fmt: skip
    """kept: the maps behind the pictures, for the .npz."""
    with st.container(key="more", horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
        link_popover("paper")
        npz = {"NPZ": ("application/octet-stream", lambda: maps_to_bytes(kept))}
        save_figure(key, drawn, spans, brand.colours(), None, npz, below=below)


FIGURES: dict[str, Callable[[Clip], None]] = {
    "004, Fig. 2: focus and calibration": faca,
    "002, Fig. 3: time and frequency": tf,
    "003, Fig. 6: patches": patches,
}

"""The figures over many clips of speakers that a model has never heard: by emotion, and beside what chance gives."""

from __future__ import annotations

import csv
import io
from typing import Any

import streamlit as st

from pages.shared import brand, busy, corpora_here
from pages.shared.clip import Clip
from ser_core.corpora import data_folder
from ser_core.errors import SpeechEmotionError
from ser_core.inspection.corpus import (
    HEADING,
    Measures,
    columns,
    evenly,
    headline,
    inspect_utterances,
    summarise,
    unseen,
)
from ser_core.inspection.views import views
from ser_core.plots.inspection import distribution
from ser_core.recogniser import Recogniser

# figure -> what it is called, what nothing would be, how to read it
FIGURES = {
    "energy_rho": ("With loudness", 0.0, "Rank correlation with the RMS envelope; 0: nothing to do with each other."),
    "voicing_rho": ("With voicing", 0.0, "Rank correlation with how voiced each moment is."),
    "pointing_gain": ("Peak at the loudest moment, above chance", 0.0, "1 for a hit, 0 for a miss, less its chance."),
    "speech_gain": ("Inside speech, above its share", 0.0, "Mass inside speech less speech's share of the time."),
    "entropy": ("Evenness (entropy)", 1.0, "1: spread evenly over the clip."),
    "random_weights_rho": ("Like random weights", 0.0, "Rank correlation with the curves of random copies; 1: explains nothing."),  # noqa: E501
    "deletion_area_gain": ("Masking, better than chance by", 0.0, "Area under the deletion curve less than at random."),
}  # fmt: skip
Row = dict[str, Any]
_SHELF = "corpus_inspections"


def show_corpus(clip: Clip, model: Recogniser) -> None:
    here = [name for name in corpora_here.names() if corpora_here.corpus_of(name).find(data_folder()) is not None]
    offered = [view for view in views(model.model) if view.head is None]
    if not offered:
        st.info(f"{model.model.title} has no attention along time.", icon=":material/info:")
        return
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="corpus-choice")
    corpus = row.selectbox("Corpus", here, key="corpus", bind="query-params", width=260)
    count = row.select_slider("Clips", [5, 10, 20, 50, 100, 200], 20, key="clips", bind="query-params", width=180)
    extras = row.pills(
        "Also (slow)", ["Masking", "Random weights"], selection_mode="multi", key="also", bind="query-params",
        wrap=True, width="content",
    )  # fmt: skip
    st.caption(
        f"Takes up to {count} clips of speakers that {model.name} has never heard, as many of each emotion as can be. "
        f"Does not say whether the answers are right: that is on the page Evaluate. The same from a shell: "
        f"`{command(model.name, corpus, count, extras)}`"
    )
    key = (model.name, corpus, count, tuple(extras))
    shelf: dict[Any, list[Row]] = st.session_state.setdefault(_SHELF, {})
    rows = shelf.get(key, [])
    st.button(
        "Go on" if rows else "Measure", icon=":material/play_arrow:", type="primary", key="measure", on_click=_ask
    )  # fmt: skip
    if st.session_state.pop("asked/corpus", False):
        rows = shelf.setdefault(key, rows)
        _measure(
            model, corpus, count, Measures(None, "Masking" in extras, random_weights="Random weights" in extras), rows
        )
    while len(shelf) > 6:
        shelf.pop(next(iter(shelf)))
    if rows:
        _show(rows, model.name, {view.name: view.title for view in offered})


def _ask() -> None:
    st.session_state["asked/corpus"] = True


def command(model: str, corpus: str, count: int, extras: list[str]) -> str:
    left_out = [flag for name, flag in (("Masking", "--no-masked"), ("Random weights", "--no-random-weights"))
                if name not in extras]  # fmt: skip
    words = f"python -m ser_core inspect --checkpoint {model} --corpus {corpus} --limit {count} --out inspection.json"
    return " ".join([words, *left_out])


def _measure(model: Recogniser, corpus: str, count: int, measures: Measures, rows: list[Row]) -> None:
    """Rows come one by one: whoever stops keeps those that are done."""
    try:
        chosen = evenly(unseen(model, corpora_here.scan_of(corpus).utterances), count)
        with busy.working() as progress:
            done = {row["utterance"] for row in rows}
            rows.extend(inspect_utterances(model, chosen, measures, done, progress))
    except (SpeechEmotionError, busy.Busy) as error:
        st.warning(str(error), icon=":material/info:")


def _show(rows: list[Row], checkpoint: str, titles: dict[str, str]) -> None:
    measured = {name.partition("/")[0]: None for name in columns(rows) if name not in HEADING}
    curves = [name for name in titles if name in measured]
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    curve = row.selectbox("Map", curves, format_func=titles.__getitem__, key="corpus-map", width=260)
    figures = [name for name in FIGURES if any(one.get(f"{curve}/{name}") is not None for one in rows)]
    if not figures:
        st.info("None of these clips has this figure.", icon=":material/info:")
        return
    figure = row.selectbox("Figure", figures, format_func=lambda name: FIGURES[name][0], key="corpus-figure", width=320)
    name, nothing, reading = FIGURES[figure]
    st.plotly_chart(
        distribution(rows, f"{curve}/{figure}", name, nothing, brand.colours()), theme=None, key="corpus-plot",
        config={"displayModeBar": False}, alt=f"{name} of {titles[curve]}, for each emotion.",
    )  # fmt: skip
    speakers = {one["speaker"] for one in rows}
    st.caption(
        f"Shows every clip as a dot, and the median and the middle half of each emotion as a box: {len(rows)} clips of "
        f"{len(speakers)} unseen speakers. {reading} The line is where nothing would be. Does not show independent "
        "witnesses: clips of one speaker are alike."
    )
    _table(rows, checkpoint, titles)
    summary = summarise(rows)
    with st.container(key="more", horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
        for label, table in (("Rows", rows), ("Distribution", summary)):
            st.download_button(
                f"{label} (CSV)", lambda table=table: _csv(table), f"inspection-{label.lower()}.csv", "text/csv",
                icon=":material/download:", on_click="ignore", type="tertiary",
            )  # fmt: skip


def _table(rows: list[Row], checkpoint: str, titles: dict[str, str]) -> None:
    table = headline(summarise(rows), checkpoint)
    shown = ("energy_rho", "energy_p", "voicing_rho", "pointing_gain", "speech_gain", "entropy", "random_weights_rho")
    lines = [
        "| Map, mean over clips | Loudness | p < 0.05 | Voicing | Peak above chance | Speech above share | Entropy "
        "| Random weights |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, title in titles.items():
        found = table.get(name, {})
        cells = []
        for figure in shown:
            one = found.get(figure)
            value = None if one is None else one["significant"] if figure == "energy_p" else one["mean"]
            if value is None:
                cells.append("–")
            else:
                cells.append(f"{value:.0%}" if figure == "energy_p" else f"{value:.2f}".replace("-", "\N{MINUS SIGN}"))
        lines.append(f"| {title} | {' | '.join(cells)} |")
    st.markdown("\n".join(lines))


def _csv(table: list[Row]) -> str:
    file = io.StringIO()
    names = list(dict.fromkeys(name for row in table for name in row))
    writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return file.getvalue()

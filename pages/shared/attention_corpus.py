"""The figures over many clips of speakers that a model never heard: by emotion or by model, and what chance gives."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import streamlit as st

from pages.shared import brand, busy, corpora_here, loaders
from pages.shared.attention_corpus_figures import FIGURES, OTHERS
from pages.shared.attention_saved import pick_file, pick_stored, stored
from pages.shared.clip import Clip
from pages.shared.clip_strip import plain
from pages.shared.save import save_figure
from ser_core.checkpoints import list_checkpoints
from ser_core.corpora import data_folder
from ser_core.errors import SpeechEmotionError
from ser_core.inspection.corpus import HEADING, Measures, columns, evenly, inspect_utterances, summarise, unseen
from ser_core.inspection.views import views
from ser_core.plots.inspection import DistributionPanel
from ser_core.recogniser import Recogniser

STORED, MEASURE, OPEN = "Measured before", "Measure here", "Open a file"
EMOTIONS, MODELS = "Emotions", "Models"
BARE = {"displayModeBar": False}
Row = dict[str, Any]
_SHELF, _WHOLE = "corpus_inspections", "corpus_inspections/whole"


def show_corpus(clip: Clip, model: Recogniser) -> None:
    ways = [*([STORED] if stored() else []), MEASURE, OPEN]
    _valid("whose", ways)
    way = st.segmented_control(
        "Whose figures", ways, default=ways[0], required=True, key="whose", bind="query-params", wrap=True,
        label_visibility="collapsed",
    )  # fmt: skip
    rows = pick_stored(model.name) if way == STORED else pick_file() if way == OPEN else _measured(model)
    if rows:
        _show(rows, model.name)


def _measured(model: Recogniser) -> list[Row]:
    """What was measured on this page, and the button that measures more."""
    here = [name for name in corpora_here.names() if corpora_here.corpus_of(name).find(data_folder()) is not None]
    if not views(model.model):
        st.info(f"{model.model.title} has no attention along time.", icon=":material/info:")
        return []
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
    whole: set[Any] = st.session_state.setdefault(_WHOLE, set())
    rows = shelf.get(key, [])
    complete = bool(rows) and key in whole
    st.button(
        "Measured" if complete else "Go on" if rows else "Measure", icon=":material/play_arrow:", type="primary",
        key="measure", on_click=busy.ask, args=("corpus",), disabled=complete,
    )  # fmt: skip
    if busy.asked("corpus"):
        rows = shelf.setdefault(key, rows)
        measures = Measures(None, "Masking" in extras, random_weights="Random weights" in extras)
        if _measure(model, corpus, count, measures, rows):
            whole.add(key)
            st.rerun()
    while len(shelf) > 6:
        shelf.pop(next(iter(shelf)))
    return rows


def command(model: str, corpus: str, count: int, extras: list[str]) -> str:
    left_out = [flag for name, flag in (("Masking", "--no-masked"), ("Random weights", "--no-random-weights"))
                if name not in extras]  # fmt: skip
    words = f"python -m ser_core inspect --checkpoint {model} --corpus {corpus} --limit {count} --out inspection.json"
    return " ".join([words, *left_out])


def _measure(model: Recogniser, corpus: str, count: int, measures: Measures, rows: list[Row]) -> bool:
    """Rows come one by one: whoever stops keeps those that are done.  Returns whether all are there."""
    try:
        chosen = evenly(unseen(model, corpora_here.scan_of(corpus).utterances), count, merged=model.card.merged)
        with busy.working() as progress:
            done = {row["utterance"] for row in rows}
            rows.extend(inspect_utterances(model, chosen, measures, done, progress))
    except (SpeechEmotionError, busy.Busy) as error:
        st.warning(str(error), icon=":material/info:")
        return False
    return True


def _show(rows: Sequence[Row], preferred: str) -> None:
    by_name: dict[str, list[Row]] = {}
    for one in rows:
        by_name.setdefault(one["checkpoint"], []).append(one)
    line = st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="corpus-view")
    side = EMOTIONS
    if len(by_name) > 1:
        side = line.segmented_control(
            "Side by side", [MODELS, EMOTIONS], default=MODELS, required=True, key="side", bind="query-params"
        )
    if side == MODELS:
        measured = {name: _opening(own) for name, own in by_name.items()}
        title = "the map that each model opens with"
    else:
        name = _choose(line, "Of", "of", list(by_name), preferred if preferred in by_name else None)
        titles = _titles(by_name[name], name)
        curve = _choose(line, "Map", "figuremap", list(titles), None, titles)
        measured, title = {name: curve}, titles[curve]
    offered = [
        key for key in FIGURES if any(one.get(f"{measured.get(one['checkpoint'])}/{key}") is not None for one in rows)
    ]
    if not offered:
        st.info("None of these clips has a figure of this map.", icon=":material/info:")
        return
    figure = FIGURES[_choose(line, "Figure", "figure", offered, None, {key: one.title for key, one in FIGURES.items()})]
    groups: dict[str, list[float]] = {}
    for one in rows if side == MODELS else sorted(by_name[name], key=lambda one: str(one["emotion"])):
        value = one.get(f"{measured.get(one['checkpoint'])}/{figure.key}")
        if value is not None:
            groups.setdefault(str(one["checkpoint" if side == MODELS else "emotion"]), []).append(value)
    group = "model" if side == MODELS else "acted emotion"
    panel = DistributionPanel(f"{figure.title}, {title}", groups, figure.axis, figure.nothing, group)
    st.plotly_chart(
        panel.figure((0, 0), brand.colours()), theme=None, key="corpus-plot", config=BARE,
        alt=f"{panel.title}: a box for each {group}.",
    )  # fmt: skip
    heard_by = [{one["utterance"] for one in by_name[name]} for name in measured]
    every, sizes = set().union(*heard_by), sorted({len(own) for own in heard_by})
    count = f"{len(every)} clips"
    if any(own != every for own in heard_by):  # by the emotions that each model knows
        many = f"{sizes[0]} to {sizes[-1]}" if len(sizes) > 1 else f"{sizes[0]}"
        count = f"{many} clips for each model, {len(every)} in all and not the same for every model,"
    speakers = len({one["speaker"] for one in rows if one["checkpoint"] in measured})
    who = f"{speakers} speaker{'' if speakers == 1 else 's'}"
    st.caption(
        f"Shows {title} on {count} of {who} that the model had never heard: every clip a dot, "
        f"the median and the middle half a box. {figure.reading} The dotted line is where nothing would be. Does not "
        "show independent witnesses, as clips of one speaker are alike; and it has neither seconds nor hertz."
    )
    st.container(key="wide-table").markdown(_table(by_name, measured, side, titles if side == EMOTIONS else {}))
    st.caption(
        "Means over clips; p < 0.05: the share of clips in which circular shifts reach the correlation with loudness "
        "that seldom. A share near 5 % is what chance gives."
    )
    shown = [one for one in rows if one["checkpoint"] in measured]
    with st.container(key="more", horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
        save_figure("distribution", [[panel]], [(0, 0)], brand.colours(), lambda: _csv(_long(groups)), below=None)
        for label, table in (("Rows", shown), ("Distribution", summarise(shown))):
            st.download_button(
                f"{label} (CSV)", partial(_csv, table), f"inspection-{label.lower()}.csv", "text/csv",
                icon=":material/download:", on_click="ignore", type="tertiary",
            )  # fmt: skip


def _valid(key: str, options: Sequence[str]) -> None:
    """What was chosen among other options is dropped before the widget is drawn."""
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]


def _choose(
    place: Any, label: str, key: str, options: Sequence[str], first: str | None, names: dict[str, str] | None = None
) -> str:
    _valid(key, options)
    return str(
        place.selectbox(
            label,
            options,
            index=options.index(first) if first else 0,
            key=key,
            bind="query-params",
            width=260,
            format_func=(names or {}).get if names else str,
        )
    )


def _prefixes(rows: Sequence[Row]) -> list[str]:
    """The maps and methods that have figures, the map that the model opens with first."""
    return list(dict.fromkeys(name.rpartition("/")[0] for name in columns(rows) if name not in HEADING))


def _opening(rows: Sequence[Row]) -> str:
    return next(iter(_prefixes(rows)), "")


def _titles(rows: Sequence[Row], checkpoint: str) -> dict[str, str]:
    """What the page calls each; by its own name where the checkpoint is not here."""
    known = dict(OTHERS)
    if checkpoint in list_checkpoints():
        with suppress(SpeechEmotionError):
            known |= {view.name: view.title for view in views(loaders.recogniser(checkpoint).model)}
    return {name: known.get(name, name) for name in _prefixes(rows)}


def _table(by_name: dict[str, list[Row]], measured: dict[str, str], side: str, titles: dict[str, str]) -> str:
    lines = [
        f"| {'Model' if side == MODELS else 'Map'} | Loudness | p < 0.05 | Voicing | Peak above chance | "
        "Speech above share | Entropy | Random weights |",
        "|---|---|---|---|---|---|---|---|",
    ]
    shown = ("energy_rho", "energy_p", "voicing_rho", "pointing_gain", "speech_gain", "entropy", "random_weights_rho")
    for name, curve in measured.items():
        found = {one["figure"]: one for one in summarise(by_name[name]) if one["emotion"] == "all"}
        for own, title in ((curve, name),) if side == MODELS else titles.items():
            cells = [_cell(found.get(f"{own}/{figure}")) for figure in shown]
            if any(cell != "–" for cell in cells):
                lines.append(f"| {plain(title)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(one: dict[str, Any] | None) -> str:
    """The mean over clips; of p-values the share below 0.05."""
    if one is None or one["mean"] is None:
        return "–"
    if one["significant"] is not None:
        return f"{one['significant']:.0%}"
    return f"{round(one['mean'], 2) + 0.0:.2f}".replace("-", "\N{MINUS SIGN}")  # no -0.00


def _long(groups: dict[str, list[float]]) -> list[Row]:
    return [{"group": name, "value": value} for name, values in groups.items() for value in values]


def _csv(table: Sequence[Row]) -> str:
    file = io.StringIO()
    names = list(dict.fromkeys(name for row in table for name in row))
    writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return file.getvalue()

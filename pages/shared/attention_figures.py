"""How far attention follows the voice, in words and figures that can contradict the picture."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

import streamlit as st

from ser_core.inspection.alignment import Alignment
from ser_core.inspection.correlation import Correlation
from ser_core.plots.theme import percent

HELP = {
    "energy": "Spearman's rank correlation of the curve with the RMS envelope: 1 if the louder moment always gets "
    "more, 0 if they have nothing to do with each other, −1 if it always gets less. Chance: the share of all shifts "
    "of the curve along the clip that reach as much.",
    "voicing": "The same with how voiced each moment is, from 0 (noise, silence) to 1 (a clear pitch).",
    "pointing": "Whether the curve's highest moment lies within 0.1 s of the loudest. Chance: how often a peak put "
    "down blindly would.",
    "speech": "How much of the curve lies inside detected speech, beside how much of the time is speech. Near each "
    "other: the curve does not care.",
    "concentration": "The smallest share of the time that holds 80 % of the curve. 80 % means that it is spread "
    "evenly; entropy says the same from 0 (one moment) to 1 (evenly).",
}

NEARLY_ALL = 0.95  # share of speech beyond which no curve can hold much more of it than the time does


def show_alignment(figures: Alignment) -> None:
    st.markdown("**Does it follow the voice?**")
    for name, sentence in sentences(figures).items():
        st.markdown(sentence, help=HELP[name])


def sentences(figures: Alignment) -> dict[str, str]:
    """One sentence per figure, what chance would give within it."""
    pointing, speech, spread = figures.pointing, figures.speech, figures.concentration
    found = {
        "energy": f"With loudness {_correlation(figures.energy)}",
        "voicing": f"With voicing {_correlation(figures.voicing)}",
    }
    if pointing.hit is None:
        found["pointing"] = f"Peak at the loudest moment: not known, {pointing.reason}."
    else:
        answer = "yes" if pointing.hit else f"no, {abs((pointing.peak or 0) - (pointing.loudest or 0)):.2f} s away"
        found["pointing"] = f"Peak at the loudest moment **{answer}** · chance {percent(pointing.chance or 0)}"
    if speech.mass is None:
        found["speech"] = f"Inside speech: not known, {speech.reason}."
    else:
        found["speech"] = f"Inside speech **{speech.mass:.0%}** of it · speech is {speech.share or 0:.0%} of the time"
        if (speech.share or 0) > NEARLY_ALL:
            found["speech"] += ", which leaves nothing to tell apart"
    if spread.share_80 is None:
        found["concentration"] = f"Concentration: not known, {spread.reason}."
    else:
        found["concentration"] = (
            f"80 % of it in **{spread.share_80:.0%}** of the time · entropy {spread.entropy or 0:.2f}"
        )
    return found


def _correlation(one: Correlation) -> str:
    if one.rho is None:
        return f"not known: {one.reason}."
    rho = f"**{one.rho:+.2f}**".replace("-", "\N{MINUS SIGN}")
    if one.p is None:
        return f"{rho} · chance not known: {one.reason}"
    chance = f"p {one.p:.2f}" if one.p >= 0.01 else f"p {one.p:.3f}" if one.p >= 0.001 else "p < 0.001"
    return f"{rho} · {chance}{'' if one.p < 0.05 else ', no more than chance'}"


def figures_csv(rows: Mapping[str, Mapping[str, float | None]]) -> str:
    """A line per figure: what it belongs to, its name, its value; empty where it cannot be had."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["curve", "figure", "value"])
    for curve, figures in rows.items():
        writer.writerows([curve, name, "" if value is None else f"{value:.6g}"] for name, value in figures.items())
    return file.getvalue()

"""An evaluation on one page of HTML that holds all it needs and asks no other host."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

import numpy as np
import plotly.graph_objects as go

from ser_core.checkpoints import NOT_FOR_JUDGING
from ser_core.evaluation import Evaluation, Report
from ser_core.plots.calibration import noise_curve, reliability
from ser_core.plots.confusion import confusion_matrix
from ser_core.plots.scores import Line, group_scores, score_intervals
from ser_core.plots.theme import Palette

SUREST: Final = 10  # mistakes that are listed
_STYLE: Final = """
body { font-family: "Source Sans 3", "Segoe UI", Helvetica, Arial, sans-serif; line-height: 1.45; margin: 2rem auto;
  max-width: 900px; padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0 1rem; }
td, th { padding: .25rem .8rem .25rem 0; text-align: left; border-bottom: 1px solid currentColor; }
td.n, th.n { text-align: right; }
code { overflow-wrap: anywhere; }
figure { margin: 1rem 0; break-inside: avoid; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 1.6rem; }
small { opacity: .75; }
@media print { body { margin: 0; max-width: none; } }
"""


def evaluation_page(evaluation: Evaluation, notes: Sequence[str], colours: Palette) -> str:
    """notes: further sentences, e.g. what leaks and the licence of the weights.

    Names of clips and corpora come from outside: every word is escaped.
    """
    report = evaluation.report()
    figures = _Figures()
    title = f"{report.checkpoint} on {report.corpus}"
    chance = 1 / len(report.labels)
    lines = [
        Line(name.upper(), getattr(report, name), *report.intervals.get(name, (None, None)))
        for name in ("ua", "wa", "wf1")
    ]
    speakers = [Line(one.name.rpartition("/")[2], one.ua, *(one.intervals or {}).get("ua", (None, None)))
                for one in report.groups.get("speaker", ())]  # fmt: skip
    counts, share = evaluation.confusion(), evaluation.confusion("row")
    parts = [
        f"<h1>{escape(title)}</h1>",
        _paragraph(_what(report)),
        *(_paragraph(note) for note in notes),
        figures.add(score_intervals({report.checkpoint: lines}, chance, colours)),
        _paragraph("UA: mean recall over emotions. WA: accuracy. WF1: F1 weighted by clips. " + _bars(report)),
        "<h2>What is confused with what</h2>",
        figures.add(confusion_matrix(counts, counts, report.labels, "", colours, "clips")),
        figures.add(confusion_matrix(counts, share, report.labels, "row", colours, "share of what was acted")),
        "<h2>Each emotion</h2>",
        _table(
            ("emotion", "precision", "recall", "F1", "clips"),
            [(one.emotion, *(_percent(x) for x in (one.precision, one.recall, one.f1)), str(one.support))
             for one in report.emotions],
        ),
        "<h2>Each speaker</h2>",
        figures.add(group_scores(speakers, report.ua, colours)),
    ]  # fmt: skip
    if report.calibration:
        parts += ["<h2>Confidence</h2>", figures.add(reliability(report.calibration, colours))]
    if report.noise:
        parts += [
            "<h2>White noise</h2>",
            figures.add(noise_course(report, colours)),
        ]
    parts += ["<h2>The surest mistakes</h2>", _table(("clip", "acted", "heard", "probability"), mistakes(evaluation))]
    if report.command:
        parts.append(f"<h2>Made by</h2><p><code>{escape(report.command)}</code></p>")
    parts.append(f"<p><small>{escape(NOT_FOR_JUDGING)}</small></p>")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f'<body style="background:{colours.background};color:{colours.text}">{"".join(parts)}</body></html>'
    )


def noise_course(report: Report, colours: Palette) -> go.Figure:
    """UA as noise grows, with its interval where the report has one."""
    clean = report.ua, *report.intervals.get("ua", (report.ua, report.ua))
    figure = noise_curve(report.noise, clean, 1 / len(report.labels), colours)
    if not report.intervals:
        _, line = figure.data
        figure.data = (line.update(text=[f"{100 * value:.0f}%" for value in line.y]),)
    return figure


def mistakes(evaluation: Evaluation, most: int = SUREST) -> list[tuple[str, ...]]:
    """Clip, acted, heard, probability of the surest wrong answers."""
    wrong = np.flatnonzero(evaluation.truth != evaluation.predicted)
    order = wrong[np.argsort(-evaluation.probabilities[wrong].max(axis=1), kind="stable")][:most]
    return [
        (
            evaluation.clips[place].id,
            evaluation.labels[evaluation.truth[place]],
            evaluation.labels[evaluation.predicted[place]],
            f"{100 * evaluation.probabilities[place].max():.0f}%",
        )
        for place in order
    ]


class _Figures:
    """Plotly's own script goes in once, with the first figure."""

    def __init__(self) -> None:
        self.script = True

    def add(self, figure: go.Figure) -> str:
        html = figure.to_html(full_html=False, include_plotlyjs=self.script, config={"displayModeBar": False})
        self.script = False
        return f"<figure>{html}</figure>"


def _what(report: Report) -> str:
    parts = [f"Protocol {report.protocol}: {report.n} clips of {report.voices()}."]
    learnt = f"{report.learnt} because it learnt from the very clip, " if report.learnt else ""
    parts.append(
        f"Left out: {report.excluded} because the model has heard their speaker, {learnt}{report.outside} with an "
        f"emotion it does not know, {report.unreadable} that could not be used."
    )
    if report.seen_included:
        parts.insert(0, "SEEN SPEAKERS ARE INCLUDED: these figures prove nothing about a new voice.")
    return " ".join([*parts, report.note]).strip()


def _bars(report: Report) -> str:
    why = report.no_interval()
    if why:
        return f"No bars: clips of {why} do not tell how much voices differ."
    if report.of_clips():
        return (
            "Bars: 95 % intervals, drawing clips again and again; as nobody knows who speaks, they are too narrow for "
            "a new voice."
        )
    return "Bars: 95 % intervals, drawing speakers, then their clips, again and again."


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>" if text else ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return "<p>None.</p>"
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}%"

"""By emotion, by voice, by noise, and whether a confidence keeps its promise."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.shared import brand, evaluate_run
from pages.shared.evaluate_pick import Choice
from pages.shared.evaluate_work import working
from pages.shared.model_card import LANGUAGES
from ser_core.evaluation import Evaluation, Group, Report
from ser_core.plots.calibration import reliability
from ser_core.plots.evaluation_page import noise_course
from ser_core.plots.scores import Line, emotion_figures, group_scores

BARE = {"displayModeBar": False}
FITTED = " The temperature was fitted on validation clips; it changes no answer, only how sure it sounds."
FACETS = {"speaker": "By speaker", "sex": "By sex", "language": "By language", "fold": "By fold"}


def show_by_emotion(report: Report) -> None:
    rows = [one.model_dump() for one in report.emotions]
    left, right = st.columns([0.55, 0.45], gap="medium")
    with left:
        st.plotly_chart(
            emotion_figures(rows, brand.colours()), theme=None, config=BARE, key="by-emotion-figures",
            alt="Precision, recall and F1 of each emotion; the numbers stand in the table.",
        )  # fmt: skip
    with right:
        st.dataframe(
            table(rows), hide_index=True, height=35 * (len(rows) + 1) + 3, key="by-emotion-table", placeholder="–",
            column_config={
                name: st.column_config.NumberColumn(format="%.1f%%") for name in ("Precision", "Recall", "F1")
            },
            alt="Precision, recall, F1 and clips of each emotion.",
        )  # fmt: skip
    st.caption(
        "Precision: of what was heard as this emotion, the share that was acted so. Recall: of what was acted so, the "
        "share that was heard. F1: their harmonic mean. They do not show what an emotion is confused with: see the "
        "matrix. A dash: never heard, or never acted."
    )


def table(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """In percent, for the eye; the files to take away have every digit."""

    def percent(value: float | None) -> float | None:
        return None if value is None else 100 * value

    return [
        {
            "Emotion": row["emotion"],
            "Precision": percent(row["precision"]),
            "Recall": percent(row["recall"]),
            "F1": percent(row["f1"]),
            "Clips": row["support"],
        }
        for row in rows
    ]


def show_by_voice(report: Report) -> None:
    for facet, title in FACETS.items():
        groups = report.groups.get(facet, ())  # type: ignore[call-overload]
        if facet != "speaker" and len(groups) < 2:
            continue
        st.subheader(title, anchor=False)
        if facet == "speaker" and [group.name.rpartition("/")[2] for group in groups] == ["unknown"]:
            st.caption("Nobody says who speaks in these clips.")
            continue
        st.plotly_chart(
            group_scores([line(facet, group) for group in groups], report.ua, brand.colours()),
            theme=None, config=BARE, key=f"by-{facet}",
            alt="; ".join(f"{group.name}: UA {100 * group.ua:.0f}%" for group in groups),
        )  # fmt: skip
    st.caption(
        "UA of each group, the worst at the top, with its 95% interval where there are several speakers. It shows "
        "whose voice is understood and whose is not; a few clips of one person do not show why."
    )


def line(facet: str, group: Group) -> Line:
    low, high = (group.intervals or {}).get("ua", (None, None))
    name = group.name.partition("/")[2] if facet == "speaker" else LANGUAGES.get(group.name, group.name)
    voices = f", {group.speakers} speakers" if group.speakers > 1 else ""
    return Line(name or group.name, group.ua, low, high, f"{group.n} clips{voices}, WA {100 * group.wa:.0f}%")


def show_sureness(choice: Choice, evaluation: Evaluation) -> None:
    report = evaluation.report()
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("Does a confidence keep its promise?", anchor=False)
        if report.calibration:
            st.plotly_chart(
                reliability(report.calibration, brand.colours()), theme=None, config=BARE, key="reliability",
                alt="; ".join(f"temperature {one.temperature:.2f}: calibration error {100 * one.ece:.1f}%"
                              for one in report.calibration),
            )  # fmt: skip
            st.caption(
                "On the dotted line, 80% sure means right in 80% of the cases; below it the model is too sure. ECE: "
                f"the mean gap.{FITTED if len(report.calibration) > 1 else ''} With few clips a point says little; "
                "large points hold many."
            )
        else:
            st.caption("The probabilities of this model only rank the emotions: they promise nothing to be held to.")
    with right:
        st.subheader("How much noise does it bear?", anchor=False)
        if report.noise:
            st.plotly_chart(
                noise_course(report, brand.colours()), theme=None, config=BARE, key="noise",
                alt="; ".join(f"{point.snr_db:g} dB: UA {100 * point.ua:.0f}%" for point in report.noise),
            )  # fmt: skip
            st.caption(
                "The same clips with white noise, louder to the right; at 0 dB noise and voice are equally loud. It "
                "does not show other noise: people talking or a room do other harm."
            )
        else:
            st.caption("Not measured for these clips.")
            if not working():
                evaluate_run.again(choice, evaluation)

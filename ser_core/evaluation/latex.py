"""An evaluation as a table for a paper: needs the package booktabs."""

from __future__ import annotations

from ser_core.evaluation.report import Report

_SPECIAL = str.maketrans(
    {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {mark: f"\\{mark}" for mark in "&%$#_{}"}
)
HEAD = r"""% {command}
\begin{{table}}
  \centering
  \caption{{{caption}}}
  \begin{{tabular}}{{lrrrr}}
    \toprule
    Emotion & Precision & Recall & F1 & Clips \\
    \midrule"""
FOOT = r"""    \bottomrule
  \end{tabular}
\end{table}
"""


def escaped(text: str) -> str:
    """Without meaning to LaTeX, on one line."""
    return " ".join(text.split()).translate(_SPECIAL)


def as_latex(report: Report) -> str:
    """Precision, recall and F1 of each emotion in percent; WA, UA and WF1 with their intervals in the last rows."""
    why = report.no_interval()
    caption = (
        f"{report.checkpoint} on {report.corpus} (protocol {report.protocol}): {report.n} clips of {report.voices()}, "
        "in percent; " + (f"{why}: no interval." if why else "95 % intervals in brackets.")
    )
    if report.seen_included:
        caption += " Speakers heard in training are included."
    lines = [HEAD.format(command=" ".join(report.command.split()), caption=escaped(caption))]
    for one in report.emotions:
        cells = (one.emotion, *(_percent(value) for value in (one.precision, one.recall, one.f1)), str(one.support))
        lines.append(f"    {' & '.join(cells)} \\\\")
    lines.append(r"    \midrule")
    for name, value in (("WA", report.wa), ("UA", report.ua), ("WF1", report.wf1)):
        between = "" if why else " [{:.1f}, {:.1f}]".format(*(100 * x for x in report.intervals[name.lower()]))
        lines.append(rf"    {name} & \multicolumn{{4}}{{r}}{{{_percent(value)}{between}}} \\")
    return "\n".join([*lines, FOOT])


def _percent(value: float | None) -> str:
    return "--" if value is None else f"{100 * value:.1f}"

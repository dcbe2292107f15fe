"""Attention measured: along the clip, against the sound, against the model's own answer, and against other models.

    from ser_core.audio import load
    from ser_core.inspection import inspect_clip
    from ser_core.recogniser import Recogniser

    report = inspect_clip(Recogniser("ctmam-general"), load("clip.wav"))
    report.alignment["block2.attention"].energy  # Correlation(rho=0.47, p=0.01, ...)
    report.figures()  # {"block2.attention/energy_rho": 0.47, ...}

views.py           which curves a system offers, and what each shows and does not show
curves.py          those curves on the clip's own time line
sound.py           loudness, voicing and speech, to hold against them
alignment.py       rank correlations with the sound, pointing game, mass inside speech, concentration
faithfulness.py    does the answer change when what was attended is masked?
randomisation.py   does the curve change when the weights are random?
agreement.py       do heads, models or seeds agree?
gradients.py, gradcam.py   occlusion, integrated gradients and Grad-CAM as a second opinion: not attention
report.py, corpus.py       all of it for one clip, and over a corpus
saved.py                   the file of figures over a corpus

No figure is ever NaN: where one cannot be had it is None, and `reason` says why in words.
"""

from ser_core.inspection.report import InspectionReport, inspect_clip

__all__ = ["InspectionReport", "inspect_clip"]

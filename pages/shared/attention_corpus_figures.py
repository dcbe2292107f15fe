"""The figures of many clips: what each is called, what its axis counts, and what nothing would be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """key: in the rows.  axis: what it counts.  nothing: its value where attention has nothing to do with the voice."""

    key: str
    title: str
    axis: str
    nothing: float
    reading: str


_ALL = (
    Figure("energy_rho", "With loudness", "rank correlation with loudness", 0.0,
           "1: the louder moment always gets more, 0: they have nothing to do with each other."),
    Figure("energy_p", "Chance of that", "p of the correlation with loudness", 0.5,
           "How often a shifted curve does as well; where chance alone works, the dots lie evenly between 0 and 1."),
    Figure("voicing_rho", "With voicing", "rank correlation with voicing", 0.0,
           "1: the more voiced moment always gets more."),
    Figure("voicing_p", "Chance of that with voicing", "p of the correlation with voicing", 0.5,
           "How often a shifted curve does as well; where chance alone works, the dots lie evenly between 0 and 1."),
    Figure("pointing_gain", "Peak at the loudest moment, above chance", "hit (1) or miss (0), less its chance", 0.0,
           "Above the line are the hits."),
    Figure("speech_gain", "Inside speech, above its share", "share of mass less share of time", 0.0,
           "Mass inside speech less speech's share of the time."),
    Figure("entropy", "Evenness (entropy)", "entropy, 0 to 1", 1.0, "1: spread evenly over the clip."),
    Figure("share_80", "Time that holds 80 %", "share of the time", 0.8, "0.8: spread evenly over the clip."),
    Figure("random_weights_rho", "Like random weights", "rank correlation with random weights", 1.0,
           "1: the same curve without any learning, which explains nothing."),
    Figure("deletion_area_gain", "Masked first, better than chance by", "probability, mean over the line", 0.0,
           "Area between the deletion curve and that at random."),
    Figure("insertion_area_gain", "Brought back first, better than chance by", "probability, mean over the line", 0.0,
           "Area between the insertion curve and that at random."),
    Figure("comprehensiveness_20_gain", "Without the top 20 %, better than chance by", "probability", 0.0,
           "How much further the probability falls without the most attended fifth than at random."),
    Figure("sufficiency_20_gain", "The top 20 % alone, better than chance by", "probability", 0.0,
           "How much more of the probability the most attended fifth alone keeps than at random."),
    Figure("agreement", "Heads agree", "mean rank correlation of the heads", 0.0, "1: all heads look alike."),
    Figure("attention_rho", "With attention", "rank correlation with attention", 0.0,
           "1: the same order of moments as the attention curve."),
)  # fmt: skip
FIGURES = {one.key: one for one in _ALL}
OTHERS = {
    "heads": "Heads among each other",
    "occlusion": "Occlusion (no attention)",
    "integrated_gradients": "Integrated gradients (no attention)",
    "grad_cam": "Grad-CAM (no attention)",
}

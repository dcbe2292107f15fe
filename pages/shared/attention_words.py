"""What each view of a map shows, and what its axes are and are not."""

from __future__ import annotations

OVERLAY, TIME, HEADS, MATRIX = "Overlay", "Over time", "Heads", "Matrix"
GROUPS, VOTES, BANDS, PROFILE = "Coefficients", "All emotions", "Over frequency", "Coefficient bars"
WINDOWS, FOCUS, CALIBRATION, PATCHES, PRODUCT = "Windows", "Focus µ, σ", "Calibration", "Patches", "Bands"

_PICTURE = (
    "The spectrogram underneath is drawn for your eyes, the same for every model (80 mel bands, hertz at the left)"
)
AXES = {
    OVERLAY: "Bottom: seconds of the clip. The cyan veil runs from the least to the most attended moment, however "
    f"near they are; the line begins at zero and shows how near. {_PICTURE}: where attention has no frequency, the "
    "veil covers all hertz alike and says nothing of them.",
    TIME: "Bottom: seconds of the clip. Left: the map's own unit, which cannot be compared with another map's and is "
    "no hertz. Grey, without an axis of its own: loudness. Where windows of the model overlap, it is their mean.",
    HEADS: "Bottom: seconds. Left: the heads by their numbers, which have no order and no meaning across models. "
    "Bright: looked at. A row is not a frequency.",
    GROUPS: "Bottom: seconds. Left: groups of four neighbouring MFCC coefficients. These are not hertz: a coefficient "
    "is a ripple across all bands.",
    VOTES: "Bottom: seconds. Left: emotions. Cyan speaks for an emotion, orange against it; over a window (up to 9 s) "
    "the mean of a row's 20 ms steps is exactly that emotion's logit above the mean logit. No attention map, and no "
    "hertz.",
    BANDS: "Bottom: hertz, spaced as the mel scale does. Left: the share of attention a band gets, an even share being "
    "1/80; the pale area is the spread between windows. It has no time within a window.",
    PROFILE: "Bottom: groups of MFCC coefficients, which are not hertz. Left: how far the gate opens, between 0 and 1; "
    "the whiskers are the spread between windows.",
    WINDOWS: "Bottom: seconds that a token may look at. Left: when the token itself stands. A bar is its window, the "
    "dot its anchor; under mean, the mean of all heads' windows. Of many tokens every second, third, … is drawn. A "
    "window says what could be looked at, not how much, and no hertz.",
    FOCUS: "Bottom: seconds. Left: windows of half a second, by their middle. The dot is µ and the bar reaches σ to "
    "both sides, also beyond the window, each a mean over its 50 frames; under all, every head has its own bar. It "
    "is a preference added before the softmax, not the attention itself.",
    CALIBRATION: "Bottom: heads by number. Left: the gate by which a head's result is multiplied, between 0 and 1; the "
    "whiskers are the spread between windows. It has neither time nor frequency.",
    PATCHES: "Bottom: seconds, half a second to a patch. Left: hertz, sixteen mel bands to a patch. Finer than that "
    "the map is not.",
    PRODUCT: "Bottom: seconds. Left: hertz. Each cell is the time marginal times the band marginal of its window, and "
    "where windows overlap the mean of these: a product that we make, not a map that the model computes. It cannot "
    "show a band that matters at one moment only.",
}
VOTES_OVERLAY = (
    "Bottom: seconds of the clip. The cyan veil and the line show votes for this emotion, from none to the strongest; "
    "votes against it are not drawn, so where all are against there is no veil (All emotions shows both). "
    f"{_PICTURE}: votes have no frequency."
)
GATE_OVERLAY = (
    "Bottom: seconds of the clip. The cyan veil runs from the moment that the gate lets through least to the one that "
    f"it lets through most, however near they are; the line begins at zero and shows how near. {_PICTURE}: it covers "
    "all hertz alike and says nothing of them."
)
REPEATED = (
    "The clip is shorter than the window and was repeated to fill it: what falls on a repetition is counted where the "
    "same sound stands in the clip."
)
SECONDS_MATRIX = (
    "One window of the model. Left: the moment that looks. Bottom: the moment looked at. Both are seconds of the clip; "
    "neither is hertz. Moments that share a place are put together: the mean of those that look, the sum of what is "
    "looked at."
)
HERTZ_MATRIX = (
    "One window of the model. Left: the band that looks. Bottom: the band looked at. Both are hertz, spaced as the mel "
    "scale does; time is not in it."
)
MIXED_MATRIX = (
    "One window of the model. Both axes count 20 mixtures of bands, as the Time-Frequency Transformer shrinks 80 bands "
    "to 20 by a learnt matrix. Neither axis is time or hertz, although the paper draws it as time by frequency."
)
NO_CLASS_TOKEN = (
    "The class token has no place in time and is left out: this is how the columns look at each other. Where the class "
    "token looks stands in the other views."
)
BOX = "Shows what the model answers when it hears this stretch and nothing else. Does not show what the stretch does inside the clip."  # noqa: E501

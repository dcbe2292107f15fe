"""Which curves along the clip a system offers, and in one sentence each what they show and what they do not.

A view reads one recorded map as a curve: the mean over heads and queries, or one head's.  What is offered follows
from the maps that a model really records, so variants need no list of their own; a system without rules below gets
every map that has a time axis.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from ser_core.audio import SAMPLE_RATE
from ser_core.inspection.derived import with_derived
from ser_core.maps import AttentionMap, capture_attention
from ser_core.models import System

PROBE_SECONDS = 0.2


@dataclass(frozen=True)
class View:
    """One way to read a system's maps as a curve along the clip.

    name: stable, e.g. "block2.attention" or "block2.attention.head0".  source: the map.  head: None for the mean.
    """

    name: str
    title: str
    shows: str
    shows_not: str
    source: str
    head: int | None = None

    def curve(self, maps: Mapping[str, AttentionMap]) -> AttentionMap:
        """Maps of some segments -> axes (segment, time), and emotion where the map has one.  Raises KeyError."""
        one = maps[self.source]
        curve = (one if self.head is None else one.at("head", self.head)).over_time()
        if curve is None:
            raise KeyError(f"{self.source} has no time axis")
        return curve


@dataclass(frozen=True)
class Rule:
    """Which maps become views.  pattern: of their whole name.  title: {0}, {1} are its groups, counted from 1.

    heads: whether each head has a view of its own beside the mean.
    """

    pattern: str
    title: str
    shows: str
    shows_not: str
    heads: bool = True


# In order of preference: the first view is what a page opens with.  Deeper layers come before shallower ones.
RULES: dict[str, tuple[Rule, ...]] = {
    "ctmam": (
        Rule(
            r"block(\d+)\.attention",
            "Block {0}: attention",
            "How much the 84 cells of the feature map look at each quarter of a second.",
            "Not single sounds: through the convolutions each key has heard about a second around it.",
        ),
        Rule(
            r"block(\d+)\.layer(\d+)\.(?:attention|context)",
            "Block {0}, layer {1}: attention",
            "How much the cells of the feature map look at each moment.",
            "Not single sounds: through the convolutions each cell has heard about a second around it.",
        ),
        Rule(
            "timing",
            "Time gate",
            "How far the recurrent gate of the time-shuffle attention lets each moment through, mean over six groups "
            "of MFCC coefficients.",
            "It can neither close nor open: by construction it stays between 0.27 and 0.73.",
        ),
        Rule(
            "space",
            "Space gates",
            "How far the space gates let each moment through, mean over 64 groups of channels and six of coefficients.",
            "Groups that open and groups that close cancel out in the mean.",
        ),
        Rule(
            r"block(\d+)\.attention\.coordinate\.columns",
            "Block {0}: coordinate gate",
            "How far coordinate attention lets each moment into the queries, mean over 128 channels.",
            "It gates who looks, not what is looked at; channels that open and close cancel out in the mean.",
        ),
    ),
    "serct": (
        Rule(
            "token_logits",
            "Votes of the moments",
            "What each 20 ms votes for the emotion, above the mean of all emotions; over a window (up to 9 s) their "
            "mean is exactly its logit above the mean logit.",
            "Not what that moment alone sounds like, as each token has looked at its windows through all blocks; and "
            "not an attention map.",
        ),
        Rule(
            r"block(\d+)\.attention",
            "Block {0}: attention",
            "How much all tokens together look at each moment.",
            "Windows of a few tokens make every token look near itself, which evens this mean out whatever is said.",
        ),
        Rule(
            "rollout",
            "Rollout",
            "Attention followed from the mean of the last tokens down through all blocks, half of each being its "
            "residual (arXiv 2005.00928).",
            "It leaves out values, feed-forward layers and norms, which decide what is made of a moment.",
        ),
    ),
    "tf_transformer": (
        Rule(
            r"time\.attention",
            "Time attention",
            "How much the frames of the Time Transformer look at each frame.",
            "It knows no frequency, and the answer is read from a third transformer that mixes time with bands.",
        ),
    ),
    "vit_vertical": (
        Rule(
            r"layer(\d+)\.cls",
            "Layer {0}: class token",
            "How much the class token, from which the answer is read, looks at each column in this layer.",
            "Columns have already mixed in the layers below: weight on one is not weight on its sound alone. Nor does "
            "it show what falls on the zeros that fill a short clip up to 4 s.",
        ),
        Rule(
            "rollout",
            "Rollout",
            "The class token's attention followed through all layers, half of each being its residual "
            "(arXiv 2005.00928).",
            "It leaves out values, feed-forward layers and norms, which decide what is made of a moment, and what "
            "falls on the zeros that fill a short clip up to 4 s.",
        ),
        Rule(
            "stripes",
            "Stripes",
            "The last layer's class token attention, smoothed and stretched to 0..1 as in the paper's masks.",
            "Stretched per segment, the zeros that fill a short clip included: its height says nothing of how strongly "
            "anything was looked at.",
        ),
    ),
    "mhsa_faca": (
        Rule(
            "calibrated",
            "Calibrated attention",
            "How much each frame is looked at, every head weighted by its calibration gate.",
            "Keys are states of a recurrent network that has read the whole half second in both directions.",
            heads=False,
        ),
        Rule(
            "attention",
            "Attention",
            "How much each frame is looked at, before any calibration gate.",
            "Keys are states of a recurrent network that has read the whole half second in both directions.",
        ),
        Rule(
            "focus",
            "Focus alone",
            "Where the Gaussians of the focus attention lie, as if all frames were alike.",
            "Not the attention: what the frames hold is left out.",
        ),
    ),
}
RULES["ast"] = RULES["vit_vertical"]
OTHER = (
    Rule(".*", "{name}", "How much each moment receives in this map.", "What is looked at need not be what decides."),
)


def views(model: System) -> tuple[View, ...]:
    """What a model offers, the view to open with first; empty where it has no attention along time.

    The model looks at a moment of silence for it, since only it knows which maps it records.
    """
    place = device_of(model)
    with torch.inference_mode(), capture_attention() as maps:
        model(model.prepare(torch.zeros(round(PROBE_SECONDS * SAMPLE_RATE), device=place)).features[:1])
    return views_of(model.name, with_derived(maps))


def views_of(system: str, maps: Mapping[str, AttentionMap]) -> tuple[View, ...]:
    """The views that these maps allow, the one to open with first."""
    found = []
    for rule in RULES.get(system, OTHER):
        matched = ((re.fullmatch(rule.pattern, name), one) for name, one in maps.items() if one.received_axis())
        hits = [(match, one) for match, one in matched if match]
        hits.sort(key=lambda hit: [int(group) for group in hit[0].groups()], reverse=True)
        for match, one in hits:
            found += _views(rule, match, one)
    return tuple(found)


def _views(rule: Rule, match: re.Match[str], one: AttentionMap) -> list[View]:
    name = match.string
    title = rule.title.format(*(int(group) + 1 for group in match.groups()), name=name)
    made = [View(name, title, rule.shows, rule.shows_not, name)]
    if rule.heads and any(axis.name == "head" for axis in one.axes):
        made += [
            View(f"{name}.head{head}", f"{title}, head {head + 1}", f"{rule.shows} One head only.", rule.shows_not,
                 name, head)
            for head in range(len(one.axis("head")))
        ]  # fmt: skip
    return made


def device_of(model: System) -> torch.device:
    """Where a model's weights lie."""
    return next((tensor.device for tensor in model.state_dict().values()), torch.device("cpu"))

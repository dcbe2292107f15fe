"""Deformable attention over time: every token chooses, per head, the window of tokens that it looks at.

Source: DST, "Deformable Speech Transformer" (ICASSP 2023), the transformer inside SERCT.  For query token t and one
head, z and u being two outputs of a linear layer on the query:

    anchor  a = t + L tanh(z)           half-width  d = L sigmoid(u)           l = a - d,  r = a + d
    w_j     = 1 + max(0, 1 - |j - a|)  - (l - floor l) [j = floor l]  - (ceil r - r) [j = ceil r]
    A_j     = softmax over floor l <= j <= ceil r of  w_j (q . k_j) / sqrt(head width)

A window's edges are whole tokens, which no gradient passes; the point weights w carry it to z and u instead.
L = 450 tokens is a constant of the model, whatever the length of the clip.

A weight below one draws a logit towards 0, not towards minus infinity: where an edge of a window crosses a token, the
attention jumps a little.  So the function was published, and so it stands.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ser_core.maps import Axis, index_axis, record, seconds_axis
from ser_core.models.attention import join_heads, split_heads

REACH = 450  # L: how far, in tokens, an anchor can move and a window can stretch
NARROWEST, WIDEST = 1.25, 25.0  # tokens: half-widths at the start, evenly spread over the heads (25 to 500 ms)


@dataclass(frozen=True)
class TokenClock:
    """Where tokens lie in time: token t is centred on `first + step * t` seconds from the segment's start."""

    first: float
    step: float

    def seconds(self, places: Tensor) -> Tensor:
        return self.first + self.step * places

    def axis(self, name: str, tokens: int, sounding: int) -> Axis:
        """The axis of so many tokens; those behind the first `sounding` hold padding and have no place in the clip."""
        centres = self.first + self.step * np.arange(tokens)
        centres[sounding:] = np.nan
        return seconds_axis(name, centres)


class DeformableAttention(nn.Module):
    """Tokens [B, T, width] -> same.  Records <block>.attention, and the windows as .start, .end and .anchor.

    clamped: anchors stay on the clip's own tokens, so that no window is empty.  The release does not clamp them: a
    window beside the clip leaves a row without a key, which then looks at all tokens alike.
    """

    def __init__(
        self, width: int, heads: int, block: str, clock: TokenClock, clamped: bool = True, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.heads, self.block, self.clock, self.clamped = heads, block, clock, clamped
        self.query_key_value = nn.Linear(width, 3 * width)
        self.window = nn.Linear(width, 2 * heads)
        self.project = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def reset_windows(self) -> None:
        """Windows at the start: centred on their token, one width for each head."""
        nn.init.zeros_(self.window.weight)
        nn.init.zeros_(self.window.bias)
        widths = torch.linspace(NARROWEST, WIDEST, self.heads, dtype=torch.float64)
        with torch.no_grad():
            self.window.bias[self.heads :] = torch.log(widths / (REACH - widths))

    def forward(self, tokens: Tensor, valid: Tensor | None, axes: tuple[Axis, Axis]) -> Tensor:
        """valid: how many tokens of each item are real, shape = (B,); None where all are.

        axes: of the queries and of the keys, in seconds.
        """
        query, key, value = self.query_key_value(tokens).chunk(3, dim=2)
        anchor, half = self.windows(query, valid)
        left, right = anchor - half, anchor + half
        query, key, value = (split_heads(x, self.heads) for x in (query, key, value))
        logits = (query / math.sqrt(query.shape[-1])) @ key.contiguous().transpose(2, 3)
        first, last = left.floor(), right.ceil()
        if self.clamped:
            first, last = first.clamp_min(0), last.minimum(last_token(tokens, valid))
        masked = logits.masked_fill(outside(first, last, tokens.shape[1]), torch.finfo(logits.dtype).min)
        weights = masked.scatter_add_(-1, *bent(logits, anchor, left, right)).softmax(-1)

        by_head = index_axis("head", self.heads, "head")
        record(f"{self.block}.attention", weights, by_head, *axes, softmax=True)
        for name, places in (("start", first), ("end", last), ("anchor", anchor)):
            record(f"{self.block}.{name}", self.clock.seconds(places), by_head, axes[0])
        return self.project(join_heads(self.dropout(weights) @ value.contiguous()))

    def windows(self, query: Tensor, valid: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Queries [B, T, width], all heads side by side -> anchors and half-widths in tokens, (B, heads, T) each."""
        shift, stretch = self.window(query).transpose(1, 2).chunk(2, dim=1)
        own = torch.arange(query.shape[1], device=query.device)
        anchor = own + REACH * shift.tanh()
        if self.clamped:
            end = last_token(query, valid)
            anchor = anchor.clamp(torch.zeros_like(end), end)
        return anchor, REACH * stretch.sigmoid()


def last_token(tokens: Tensor, valid: Tensor | None) -> Tensor:
    """Index of the last real token of each item, broadcast to (B, heads, T).  tokens: shape = (B, T, width)."""
    if valid is None:
        return tokens.new_tensor(tokens.shape[1] - 1)
    return (valid - 1).to(tokens.dtype)[:, None, None]


def bent(logits: Tensor, anchor: Tensor, left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """Where the point weights differ from 1, four tokens in each row, and by how much they change the logits there.

    logits: shape = (B, heads, T, T).  anchor, left, right: in tokens, (B, heads, T).
    Returns indices and changes, shape = (B, heads, T, 4) each; places beside the clip change nothing.
    """
    below, first, last = anchor.floor(), left.floor(), right.ceil()
    places = torch.stack([below, below + 1, first, last], dim=-1)
    change = torch.stack([1 - (anchor - below), anchor - below, first - left, right - last], dim=-1)
    inside = (places >= 0) & (places < logits.shape[-1])
    index = places.clamp(0, logits.shape[-1] - 1).long()
    return index, logits.gather(-1, index) * (change * inside).to(logits.dtype)


def outside(first: Tensor, last: Tensor, tokens: int) -> Tensor:
    """Which keys lie outside the windows first ... last, both included.  (B, heads, T) each -> (B, heads, T, tokens).

    Looked up in rows of a step table, row i of which marks the tokens before i: eight times faster than comparing.
    """
    before = torch.ones(tokens + 1, tokens, dtype=torch.bool, device=first.device).tril(-1)
    return before[first.clamp(0, tokens).long()] == before[(last + 1).clamp(0, tokens).long()]

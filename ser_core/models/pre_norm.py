"""Transformer layer that normalises first (Vision Transformer, arXiv 2010.11929) and hands out its softmax."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from ser_core.maps import capturing
from ser_core.models.attention import join_heads, split_heads


class SelfAttention(nn.Module):
    """Multi-head self-attention; the heads together may be wider or narrower than the tokens.  [B, N, D] -> same."""

    def __init__(self, width: int, heads: int, head_width: int, qkv_bias: bool = False) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * heads * head_width, bias=qkv_bias)
        self.project = nn.Linear(heads * head_width, width)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor | None]:
        """Also returns the softmax [B, heads, N, N] while somebody looks, else None: a fused kernel keeps none."""
        query, key, value = (split_heads(part, self.heads) for part in self.qkv(tokens).chunk(3, dim=-1))
        if not capturing():
            return self.project(join_heads(F.scaled_dot_product_attention(query, key, value))), None
        weights = (query @ key.transpose(-2, -1) * query.shape[-1] ** -0.5).softmax(-1)
        return self.project(join_heads(weights @ value)), weights


class PreNormLayer(nn.Module):
    """x1 = x + attention(LN(x));  out = x1 + feed-forward(LN(x1)).  [B, N, D] -> same.

    head_width: of one head's queries, keys and values.  hidden: inner width of the feed-forward part.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        head_width: int,
        hidden: int,
        *,
        qkv_bias: bool = False,
        activation: type[nn.Module] = nn.GELU,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps)
        self.attention = SelfAttention(width, heads, head_width, qkv_bias)
        self.norm2 = nn.LayerNorm(width, eps)
        self.feed_forward = nn.Sequential(nn.Linear(width, hidden), activation(), nn.Linear(hidden, width))

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor | None]:
        """Also returns the softmax [B, heads, N, N] while somebody looks, else None."""
        attended, weights = self.attention(self.norm1(tokens))
        tokens = tokens + attended
        return tokens + self.feed_forward(self.norm2(tokens)), weights

"""Scaled dot-product attention that can be looked into: a fused kernel when nobody looks, an explicit softmax else."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from ser_core.maps import Axis, capturing, record


def attend(
    query: Tensor, key: Tensor, value: Tensor, name: str, axes: tuple[Axis, ...], bias: Tensor | None = None
) -> Tensor:
    """softmax(Q K^T / sqrt(d) + bias) V, recorded under `name` while somebody looks.

    query: shape = (B, heads, N, d).  key, value: (B, heads, M, d).  bias: broadcast to (B, heads, N, M); -inf leaves a
    key out.  axes: of a map without its batch, (heads, N, M).  Returns (B, heads, N, d).
    """
    if not capturing():
        return F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
    logits = query @ key.transpose(-2, -1) * query.shape[-1] ** -0.5
    weights = (logits if bias is None else logits + bias).softmax(-1)
    record(name, weights, *axes, softmax=True)
    return weights @ value


def split_heads(tokens: Tensor, heads: int) -> Tensor:
    """[B, N, heads * d] -> [B, heads, N, d]."""
    return tokens.unflatten(2, (heads, -1)).transpose(1, 2)


def join_heads(x: Tensor) -> Tensor:
    """[B, heads, N, d] -> [B, N, heads * d]."""
    return x.transpose(1, 2).flatten(2)

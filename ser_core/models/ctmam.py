"""CTMAM: a CNN, time-shuffle attention, and a lightweight convolution transformer over MFCC segments.

Paper (000): "Learning discriminative features from speech: CNN-Transformer and multidimensional attention mechanism
for speech emotion recognition", Speech Communication, 2025.  Equation numbers below are the paper's.

    MFCC 26 x 57 (1.8 s)  ->  CNN stem  ->  T-Sa (eqs 1-7)  ->  3 x LCT (eqs 8-21)  ->  1x1 conv, pool, linear

    T-Sa   gate_t = sigmoid(BiLSTM(mean over channels)),  x * gate_t;  then space and channel gates in 64 groups
    LLC    x + DWConv(x), then a pointwise convolution
    LMAM   softmax(Q K^T / sqrt(d) + B) V  with  Q = coordinate attention of the input,  K, V from a 2x2-strided map
    IBFFN  inverted bottleneck 128 -> 512 -> 128 with a 7x7 depthwise convolution and squeeze-and-excitation

Where paper and release differ, and what stands here:
- features: the text says 26 mel filters, the released shapes need 26 coefficients of 128 mel bands: the latter.
- segment hop: 0.2 s = 3200 samples; the release cuts at 3199 by a rounding slip.
- scale of the attention: the usual sqrt(64) per head, as released, not the paper's sqrt(128).
- one strided reducer feeds K and V, and one bias B serves all blocks: the published count needs both.
- the 7x7 kernel belongs to the depthwise convolution, not to the pointwise one the text names.
- squeeze-and-excitation pools first; the paper's eq 21 pools last.
- the release reshapes tokens to a map without transposing before the head, which scrambles tokens and channels;
  here they are transposed.  `published=True` brings the scrambling back for comparison.
- the released Emo-DB model is a small one (1 block, 1 head), which the paper does not mention: variant "small".
- variant "transformer" keeps the bias B without using it, so that its gradient is zero: the published count has it in.
- the MobileViT variants put one block in the place of all three LCTs, with patches of 2x2; v1 gives the published
  counts at both depths with an MLP of 4 x 192, v2 and v3 follow their papers with an MLP of 4 x 128 and do not
  (v2 964,140 and 1,273,581 for 937,898 and 1,086,634; v3 725,548 and 907,437 for 661,162 and 884,010).

Maps: "timing" (T-Sa's gate per cepstral row and time column), "channel" and "space" (gates per group of channels),
"block<i>.attention" (LMAM, 84 queries x 21 keys per head), "block<i>.attention.coordinate.rows" and ".columns",
"block<i>.squeeze_excitation".  The other cores: "block<i>.layer<j>.attention" (transformer 84 queries x 84 keys,
MobileViT v1 84 queries x 21 patches) and "block<i>.layer<j>.context" (v2, v3: the score of each cell; each of the four
places in a patch has its own softmax, so a map sums to 4).  There is no hertz axis anywhere: rows are groups of four
neighbouring MFCC coefficients, and a column has already seen about a second of sound through the convolutions.
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import Tensor, nn

from ser_core.features import Mfcc
from ser_core.maps import index_axis, record
from ser_core.models.attention import attend, join_heads, split_heads
from ser_core.models.base import System
from ser_core.models.ctmam_blocks import (
    CEPSTRUM,
    CHANNELS,
    COLUMNS,
    KEYS,
    QUERIES,
    ROWS,
    TIME,
    WIDTH,
    LocalConvolution,
    TransformerLayers,
    conv_bn,
    init_block,
    mobilevit,
    to_map,
    to_tokens,
)
from ser_core.models.depthwise import DepthwiseConv2d
from ser_core.models.registry import register
from ser_core.preparation import Preparation

GROUPS = 64


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class CtmamConfig:
    """blocks, heads: of the LCT.  The rest switches parts off, by the names of the paper's ablations.

    core: what a block is; depth: how many layers it then has where it is not the LCT.
    """

    num_classes: Annotated[int, Field(ge=2)] = 4
    blocks: Annotated[int, Field(ge=0, le=12)] = 3
    heads: Literal[1, 2, 4, 8] = 2
    tsa: Literal["full", "no_lstm", "none"] = "full"
    coordinate_attention: bool = True
    squeeze_excitation: bool = True
    local: Literal["llc", "conv"] = "llc"
    feed_forward: Literal["inverted_bottleneck", "conv_7", "conv_3"] = "inverted_bottleneck"
    core: Literal["lct", "transformer", "mobilevit_v1", "mobilevit_v2", "mobilevit_v3"] = "lct"
    depth: Annotated[int, Field(ge=1, le=12)] = 2
    published: bool = False


VARIANTS = {
    "default": CtmamConfig(),
    "small": CtmamConfig(num_classes=7, blocks=1, heads=1),
    "no_tsa": CtmamConfig(tsa="none"),
    "no_lstm": CtmamConfig(tsa="no_lstm"),
    "no_lct": CtmamConfig(blocks=0),
    "no_ca": CtmamConfig(coordinate_attention=False),
    "no_se": CtmamConfig(squeeze_excitation=False),
    "conv_lct": CtmamConfig(local="conv"),
    "convffn_large": CtmamConfig(feed_forward="conv_7"),
    "convffn_small": CtmamConfig(feed_forward="conv_3"),
    "transformer": CtmamConfig(core="transformer"),
    "mobilevit_v1_d2": CtmamConfig(core="mobilevit_v1", blocks=1),
    "mobilevit_v1_d3": CtmamConfig(core="mobilevit_v1", blocks=1, depth=3),
    "mobilevit_v2_d2": CtmamConfig(core="mobilevit_v2", blocks=1),
    "mobilevit_v2_d3": CtmamConfig(core="mobilevit_v2", blocks=1, depth=3),
    "mobilevit_v3_d2": CtmamConfig(core="mobilevit_v3", blocks=1),
    "mobilevit_v3_d3": CtmamConfig(core="mobilevit_v3", blocks=1, depth=3),
}

# Table VI of the paper.
PAPER_PARAMETERS = {
    "default": 1_031_674,
    "conv_lct": 1_404_922,
    "convffn_large": 10_390_522,
    "convffn_small": 2_526_202,
    "transformer": 1_357_810,
    "mobilevit_v1_d2": 2_036_458,
    "mobilevit_v1_d3": 2_726_506,
    "mobilevit_v2_d2": 937_898,
    "mobilevit_v2_d3": 1_086_634,
    "mobilevit_v3_d2": 661_162,
    "mobilevit_v3_d3": 884_010,
}


class Stem(nn.Module):
    """MFCC [B, 1, 26, 57] -> [B, 128, 6, 14].  Two parallel kernels look along time and along the cepstrum first."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1a = conv_bn(1, 8, (3, 1), nn.ReLU(), bias=True)
        self.conv1b = conv_bn(1, 8, (1, 3), nn.ReLU(), bias=True)
        self.conv2 = conv_bn(16, 32, 3, nn.ReLU(), bias=True)
        self.conv3 = conv_bn(32, 48, 3, nn.ReLU(), bias=True)
        self.conv4 = conv_bn(48, 64, 3, nn.ReLU(), bias=True)
        self.conv5 = conv_bn(64, WIDTH, 3, nn.ReLU(), bias=True)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat([self.conv1a(x), self.conv1b(x)], dim=1)
        x = self.pool(self.conv2(x))
        x = self.pool(self.conv3(x))
        return self.conv5(self.conv4(x))


class TimingAttention(nn.Module):
    """Eqs 1-4: a gate per cepstral row and time column, from a BiLSTM over time.  [B, 128, 6, 14] -> same.

    The LSTM's own tanh bounds its output to (-1, 1), so the gate stays between 0.269 and 0.731.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(ROWS, ROWS // 2, num_layers=2, dropout=0.25, bidirectional=True, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        over_time = x.mean(1).transpose(1, 2)  # [B, 14, 6]
        gate = self.lstm(over_time)[0].sigmoid().transpose(1, 2)  # [B, 6, 14]
        record("timing", gate, CEPSTRUM, TIME)
        return x * gate.unsqueeze(1)


class SpaceChannelAttention(nn.Module):
    """Eqs 5-7, shuffle attention: in each of 64 groups one channel is gated by its mean, the other by its own map."""

    def __init__(self) -> None:
        super().__init__()
        self.channel_weight = nn.Parameter(torch.zeros(1, 1, 1, 1))
        self.channel_bias = nn.Parameter(torch.ones(1, 1, 1, 1))
        self.space_weight = nn.Parameter(torch.zeros(1, 1, 1, 1))
        self.space_bias = nn.Parameter(torch.ones(1, 1, 1, 1))
        self.norm = nn.GroupNorm(1, 1)

    def forward(self, x: Tensor) -> Tensor:
        batch, channels, rows, columns = x.shape
        by_channel, by_space = x.reshape(batch * GROUPS, 2, rows, columns).chunk(2, dim=1)
        channel_gate = (self.channel_weight * by_channel.mean((2, 3), keepdim=True) + self.channel_bias).sigmoid()
        space_gate = (self.space_weight * self.norm(by_space) + self.space_bias).sigmoid()
        record("channel", channel_gate.reshape(batch, GROUPS), index_axis("group", GROUPS))
        record("space", space_gate.reshape(batch, GROUPS, rows, columns), index_axis("group", GROUPS), CEPSTRUM, TIME)
        gated = torch.cat([by_channel * channel_gate, by_space * space_gate], dim=1)
        shuffled = gated.reshape(batch, 2, channels // 2, rows, columns).transpose(1, 2)
        return shuffled.reshape(batch, channels, rows, columns)


class CoordinateAttention(nn.Module):
    """Eqs 12-14: a gate per cepstral row and a gate per time column, for each channel.  [B, 128, 6, 14] -> same."""

    def __init__(self, name: str, reduction: int = 16) -> None:
        super().__init__()
        self.name = name
        self.squeeze = conv_bn(WIDTH, WIDTH // reduction, 1, nn.Hardswish(), bias=True)
        self.rows = nn.Conv2d(WIDTH // reduction, WIDTH, 1)
        self.columns = nn.Conv2d(WIDTH // reduction, WIDTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        rows, columns = x.shape[2:]
        profile = torch.cat([x.mean(3, keepdim=True), x.mean(2, keepdim=True).transpose(2, 3)], dim=2)  # [B,128,20,1]
        by_row, by_column = self.squeeze(profile).split([rows, columns], dim=2)
        row_gate = self.rows(by_row).sigmoid()  # [B, 128, 6, 1]
        column_gate = self.columns(by_column.transpose(2, 3)).sigmoid()  # [B, 128, 1, 14]
        record(f"{self.name}.rows", row_gate.flatten(2), CHANNELS, CEPSTRUM)
        record(f"{self.name}.columns", column_gate.flatten(2), CHANNELS, TIME)
        return x * row_gate * column_gate


class MultidimensionalAttention(nn.Module):
    """Eqs 8-11: 84 queries from coordinate attention look at 21 keys of a strided map.  [B, 128, 6, 14] -> same."""

    def __init__(self, config: CtmamConfig, name: str) -> None:
        super().__init__()
        self.name, self.heads = name, config.heads
        self.coordinate = CoordinateAttention(f"{name}.coordinate") if config.coordinate_attention else nn.Identity()
        self.reduce = nn.Sequential(nn.Conv2d(WIDTH, WIDTH, 2, stride=2, groups=WIDTH), nn.BatchNorm2d(WIDTH))
        self.key = nn.Linear(WIDTH, WIDTH)
        self.value = nn.Linear(WIDTH, WIDTH)
        self.project = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        reduced = to_tokens(self.reduce(x))
        query, key, value = (
            split_heads(tokens, self.heads)
            for tokens in (to_tokens(self.coordinate(x)), self.key(reduced), self.value(reduced))
        )
        axes = (index_axis("head", self.heads), QUERIES, KEYS)
        attended = attend(query, key, value, self.name, axes, bias.unsqueeze(0))
        return to_map(self.project(join_heads(attended)))


class SqueezeExcitation(nn.Module):
    """Eq 21: one gate per channel.  [B, 128, 6, 14] -> same."""

    def __init__(self, name: str, reduction: int = 4) -> None:
        super().__init__()
        self.name = name
        self.down = conv_bn(WIDTH, WIDTH // reduction, 1, nn.ReLU())
        self.up = conv_bn(WIDTH // reduction, WIDTH, 1, nn.Hardsigmoid())

    def forward(self, x: Tensor) -> Tensor:
        gate = self.up(self.down(x.mean((2, 3), keepdim=True)))
        record(self.name, gate.flatten(1), CHANNELS)
        return x * gate


class FeedForward(nn.Module):
    """Eqs 18-20: inverted bottleneck with its inner residual.  [B, 128, 6, 14] -> same."""

    def __init__(self, config: CtmamConfig, name: str) -> None:
        super().__init__()
        hidden = 4 * WIDTH
        if config.feed_forward == "inverted_bottleneck":
            self.expand = nn.Sequential(
                conv_bn(WIDTH, hidden, 1, nn.Hardswish()),
                DepthwiseConv2d(hidden, 7, ROWS, COLUMNS, bias=False),
                nn.BatchNorm2d(hidden),
                nn.Hardswish(),
            )
        else:  # ablation: one full convolution instead of a pointwise and a depthwise one
            kernel = {"conv_7": 7, "conv_3": 3}[config.feed_forward]
            self.expand = nn.Sequential(conv_bn(WIDTH, hidden, kernel, nn.Hardswish()))
        self.contract = conv_bn(hidden, WIDTH, 1)
        self.excite = SqueezeExcitation(f"{name}.squeeze_excitation") if config.squeeze_excitation else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return x + self.excite(self.contract(self.expand(x)))


def local_part(config: CtmamConfig) -> nn.Module:
    if config.local == "llc":
        return LocalConvolution()
    return nn.Sequential(nn.Conv2d(WIDTH, WIDTH, 3, padding=1), nn.GELU(), nn.BatchNorm2d(WIDTH))


class LctBlock(nn.Module):
    """x1 = LLC(x);  x2 = x1 + LMAM(LN(x1));  out = x2 + IBFFN(LN(x2)).  [B, 128, 6, 14] -> same."""

    def __init__(self, config: CtmamConfig, name: str) -> None:
        super().__init__()
        self.local = local_part(config)
        self.norm1 = nn.LayerNorm(WIDTH, eps=1e-6)
        self.attention = MultidimensionalAttention(config, f"{name}.attention")
        self.norm2 = nn.LayerNorm(WIDTH, eps=1e-6)
        self.feed_forward = FeedForward(config, name)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        x = self.local(x)
        x = x + self.attention(to_map(self.norm1(to_tokens(x))), bias)
        return x + self.feed_forward(to_map(self.norm2(to_tokens(x))))


def build_block(config: CtmamConfig, name: str) -> nn.Module:
    """One block of the config's core."""
    if config.core == "lct":
        return LctBlock(config, name)
    if config.core == "transformer":
        return nn.Sequential(local_part(config), TransformerLayers(config.heads, config.depth, name))
    return mobilevit(config.core, config.depth, name)


@register(VARIANTS)
class Ctmam(System):
    """MFCC segments [B, 26, 57] -> logits [B, C].  Segment 1.8 s, hop 0.2 s."""

    name = "ctmam"
    title = "CTMAM"
    segment_seconds = 1.8
    hop_seconds = 0.2
    paper_parameters = PAPER_PARAMETERS

    def __init__(self, config: CtmamConfig, preparation: Preparation) -> None:
        super().__init__(preparation)
        self.config = config
        self.front_end = Mfcc(n_mfcc=26, n_fft=2048, window=2048, hop=512, n_mels=128, pad_mode="reflect")
        self.normaliser = self.build_normaliser()
        self.stem = Stem()
        self.timing = TimingAttention() if config.tsa == "full" else nn.Identity()
        self.space_channel = SpaceChannelAttention() if config.tsa != "none" else nn.Identity()
        self.blocks = nn.ModuleList(build_block(config, f"block{i}") for i in range(config.blocks))
        self.blocks.apply(init_block)
        if config.blocks and config.core in ("lct", "transformer"):
            keys = (ROWS // 2) * (COLUMNS // 2)
            self.bias = nn.Parameter(torch.randn(config.heads, ROWS * COLUMNS, keys))
        self.head = nn.Sequential(nn.Conv2d(WIDTH, 1280, 1), nn.BatchNorm2d(1280), nn.SiLU())
        self.dropout = nn.Dropout(0.1)
        self.output = nn.Linear(1280, config.num_classes)

    def embed(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        x = self.space_channel(self.timing(self.stem(features.unsqueeze(1))))
        for block in self.blocks:
            x = block(x, self.bias) if self.config.core == "lct" else block(x)
        if self.config.core == "transformer" and len(self.blocks):
            x = x + 0 * self.bias.sum()  # unused, but in the graph: distributed training waits for every gradient
        if self.config.published and self.config.core in ("lct", "transformer") and len(self.blocks):
            x = to_tokens(x).reshape(x.shape)  # the released slip: reshaped without transposing
        return self.head(x).mean((2, 3))

    def classify(self, embedding: Tensor) -> Tensor:
        return self.output(self.dropout(embedding))

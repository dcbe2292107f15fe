"""From utterances to tensors: decoding, cutting, features (cached where they never change), augmentation."""

from __future__ import annotations

import hashlib
import inspect
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
import torchaudio
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from ser_core import effects, features, segments
from ser_core.audio import Waveform, load
from ser_core.corpora import Problem, Utterance
from ser_core.errors import AudioError
from ser_core.evaluation import Progress
from ser_core.files import cache_folder, write_bytes
from ser_core.models import System, base
from ser_core.protocols import ChangedCopy
from ser_core.recipes.schema import AugmentSection, Recipe
from ser_core.segments import Cutting, collate

# The strengths are ours: the paper gives none.
COPIES = {
    "noise": AugmentSection(noise_db=(15.0, 25.0), noise_share=1.0),
    "shift": AugmentSection(shift=1.0),
    "speed": AugmentSection(speed=(0.9, 1.1)),
}
CACHE_BYTES = 4 * 2**30  # the oldest entries go when the cache grows past this


@dataclass(frozen=True, eq=False)
class Clip:
    """A decoded clip.  samples: shape = (n,), the same float32 that recognition reads."""

    utterance: Utterance
    label: int
    samples: Tensor
    digest: str


@dataclass(frozen=True, eq=False)
class SegmentSet:
    """Segments of many clips.

    features: shape = (N, rows, frames).  clip: which clip a segment belongs to, (N,).  label: of each clip.
    lengths: true frames of each segment, (N,), None where all are alike.
    """

    features: Tensor
    clip: Tensor
    label: Tensor
    lengths: Tensor | None = None

    def segment_labels(self) -> Tensor:
        return self.label[self.clip]

    def batch(self, index: Tensor, device: torch.device) -> tuple[Tensor, Tensor | None]:
        """Features and lengths of these segments, no longer than the longest of them."""
        rows = index.to(self.features.device)
        if self.lengths is None:
            return self.features[rows].to(device), None
        lengths = self.lengths[index]
        return self.features[rows, ..., : int(lengths.max())].to(device), lengths.to(device)

    def stored_on(self, device: torch.device) -> SegmentSet:
        """The same segments with their features on a device: a large GPU holds a corpus, and copies nothing per step.

        Left where they are if the device has less than three times the room.
        """
        if device.type != "cuda":
            return self
        free, _ = torch.cuda.mem_get_info(device)
        size = self.features.element_size() * self.features.nelement()
        return replace(self, features=self.features.to(device)) if free > 3 * size else self


def load_clips(utterances: Sequence[Utterance], recipe: Recipe, progress: Progress) -> tuple[list[Clip], list[Problem]]:
    """Decode every utterance the recipe has a label for; a file that cannot be used is reported, not fatal."""
    clips: list[Clip] = []
    problems: list[Problem] = []
    for done, utterance in enumerate(utterances, 1):
        label = recipe.label_of(utterance.emotion)
        if label is not None:
            try:
                waveform = read(utterance)
            except AudioError as error:
                problems.append(Problem(utterance.path, str(error)))
            else:
                clips.append(Clip(utterance, label, torch.tensor(waveform.samples), waveform.digest))
        progress("decoding", done, len(utterances))
    return clips, problems


def read(utterance: Utterance) -> Waveform:
    """The sound of an utterance; of a changed copy (paper 003) what the change makes of it, always the same.

    Raises AudioError where the file cannot be used.
    """
    waveform = load(utterance.path)
    if not isinstance(utterance, ChangedCopy):
        return waveform
    digest = hashlib.sha256(f"{waveform.digest}+{utterance.effect}".encode()).hexdigest()
    generator = torch.Generator().manual_seed(int(digest[:15], 16))
    samples = change(torch.tensor(waveform.samples), COPIES[utterance.effect], generator)
    return replace(waveform, samples=samples.numpy())


def cached_segments(
    clips: Sequence[Clip], model: System, cutting: Cutting, progress: Progress, device: torch.device | str = "cpu"
) -> list[Tensor]:
    """Unaugmented, unnormalised features of every clip, [S, rows, frames] each, from the cache where they are.

    A cache that cannot be read or written costs time, nothing else.
    """
    path = cache_folder() / "features" / f"{cache_key(clips, model, cutting)}.safetensors"
    try:
        stored = load_tensors(path.read_bytes())
        path.touch()
        return [stored[str(number)] for number in range(len(clips))]
    except (OSError, SafetensorError, KeyError):
        pass  # not there, or damaged: computed again
    computed = []
    for done, clip in enumerate(clips, 1):
        computed.append(model.raw_segments(clip.samples.to(device), cutting).features.cpu())
        progress("computing features", done, len(clips))
    try:
        write_bytes(path, save_tensors({str(number): part for number, part in enumerate(computed)}))
        prune(path.parent, keep=path)
    except OSError:
        pass  # a full disk costs the time of the next run, not this one
    return computed


def cache_key(clips: Sequence[Clip], model: System, cutting: Cutting) -> str:
    """Changes when a sample, the cutting, the front end's code, the system, or a library changes."""
    modules = (features, segments, base, sys.modules[__name__], sys.modules[type(model).__module__])
    code = "".join(inspect.getsource(module) for module in modules)
    identity = {
        "clips": [clip.digest for clip in clips],
        "cutting": asdict(cutting),
        "system": model.name,
        "config": asdict(model.config),
        "preparation": model.preparation.model_dump(),
        "code": hashlib.sha256(code.encode()).hexdigest(),
        "versions": [torch.__version__, torchaudio.__version__],
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:32]


def prune(folder: Path, keep: Path) -> None:
    """Keep the cache within its bound, the least recently used first."""
    entries = sorted(folder.glob("*.safetensors"), key=lambda p: p.stat().st_mtime)
    total = sum(p.stat().st_size for p in entries)
    for entry in entries:
        if total <= CACHE_BYTES or entry == keep:
            break
        total -= entry.stat().st_size
        entry.unlink(missing_ok=True)


def assemble(clips: Sequence[Clip], parts: Sequence[Tensor]) -> SegmentSet:
    """All segments of the clips in one tensor.  parts: the features of each clip, [S, rows, frames]."""
    features, lengths = collate(parts)
    return SegmentSet(
        features=features,
        clip=torch.repeat_interleave(torch.arange(len(parts)), torch.tensor([len(part) for part in parts])),
        label=torch.tensor([clip.label for clip in clips]),
        lengths=lengths,
    )


def augmented_segments(
    clips: Sequence[Clip], model: System, cutting: Cutting, augment: AugmentSection, seed: int,
    device: torch.device | str = "cpu",
) -> SegmentSet:  # fmt: skip
    """Every clip changed by a fresh draw of the recipe's effects, then cut and pictured as always.

    device: where the model is; the segments come back on the CPU.
    """
    generator = torch.Generator().manual_seed(seed)
    parts = []
    for clip in clips:
        changed = change(clip.samples.to(device), augment, generator)
        part = model.normaliser(model.raw_segments(changed, cutting).features).cpu()
        parts.append(mask(part, augment, generator))
    return assemble(clips, parts)


def change(samples: Tensor, augment: AugmentSection, generator: torch.Generator) -> Tensor:
    """Draw and apply the effects on sound.  [n] -> [m]."""
    if augment.speed:
        samples = effects.speed(samples, augment.speed[_integer(len(augment.speed), generator)])
    if augment.pitch:
        samples = effects.pitch(samples, _between((-augment.pitch, augment.pitch), generator))
    if augment.shift:
        samples = effects.shift(samples, _between((-augment.shift, augment.shift), generator))
    if augment.gain_db:
        samples = effects.gain(samples, _between(augment.gain_db, generator))
    if augment.noise_db and _between((0.0, 1.0), generator) < augment.noise_share:
        samples = effects.add_noise(samples, _between(augment.noise_db, generator), generator)
    return samples


def mask(features: Tensor, augment: AugmentSection, generator: torch.Generator) -> Tensor:
    """Draw and apply SpecAugment's masks, one of each kind per clip.  [S, rows, frames] -> same."""
    rows, frames = features.shape[-2:]
    if augment.time_mask:
        width = _integer(int(augment.time_mask * frames) + 1, generator)
        features = effects.mask_time(features, _integer(frames - width + 1, generator), width)
    if augment.row_mask:
        width = _integer(int(augment.row_mask * rows) + 1, generator)
        features = effects.mask_rows(features, _integer(rows - width + 1, generator), width)
    return features


def _integer(below: int, generator: torch.Generator) -> int:
    return int(torch.randint(below, (1,), generator=generator))


def _between(bounds: tuple[float, float], generator: torch.Generator) -> float:
    return bounds[0] + (bounds[1] - bounds[0]) * float(torch.rand(1, generator=generator))

"""A recipe from start to finish: data, loop, checkpoint, test."""

from __future__ import annotations

from pathlib import Path

import torch
from accelerate.utils import set_seed
from safetensors.torch import load as load_tensors

from ser_core.checkpoints import Card, Measured, write_card
from ser_core.corpora import get_corpus
from ser_core.errors import RecipeError, SpeechEmotionError
from ser_core.evaluation import Evaluation, Progress, evaluate
from ser_core.files import write_json
from ser_core.models import Preparation, System, create
from ser_core.protocols import Split, split
from ser_core.recipes import Recipe
from ser_core.recogniser import Recogniser
from ser_core.segments import Cutting
from ser_core.training.data import (
    Clip,
    SegmentSet,
    assemble,
    augmented_segments,
    cached_segments,
    load_clips,
)
from ser_core.training.finish import statistics, write_checkpoint
from ser_core.training.loop import fit
from ser_core.training.run import Run


def train(recipe: Recipe, run: Run, data: Path | None, progress: Progress, device: str = "cpu") -> Card:
    """Train to the end, or go on where the run folder stands.

    Raises CorpusError, ProtocolError or RecipeError before any training where the data do not allow the recipe.
    """
    try:
        return _train(recipe, run, data, progress, device)
    except SpeechEmotionError as error:
        run.write_state(status="failed", reason=str(error))
        raise
    except KeyboardInterrupt:
        run.write_state(status="cancelled", reason="stopped from the keyboard")
        run.log("cancelled; the same command goes on from the last epoch")
        raise


def _train(recipe: Recipe, run: Run, data: Path | None, progress: Progress, device: str) -> Card:
    run.write_state(status="running", epoch=0, epochs=recipe.training.epochs, name=recipe.name)
    parts, problems = load_parts(recipe, data, progress)
    check(recipe, parts)
    write_json(run.folder / "split.json", {name: [c.utterance.id for c in clips] for name, clips in parts.items()})
    write_json(run.folder / "problems.json", problems)
    for problem in problems:
        run.log(f"left out: {problem}")
    set_seed(recipe.seed)
    model = build(recipe)
    cutting = training_cutting(recipe, model)
    raw = cached_segments(parts["train"], model, cutting, progress)
    model.normaliser.fit(raw)
    plain = assemble(parts["train"], raw, model)
    held = parts["validation"]
    validation = assemble(held, cached_segments(held, model, model.cutting, progress), model)
    # The epoch is chosen on segments as wide apart as in training; calibration uses those of recognition.
    choosing = assemble(held, cached_segments(held, model, cutting, progress), model)
    run.log(f"{len(parts['train'])} clips, {len(plain.features)} segments to train on; {len(held)} clips to choose by")

    def training_set(epoch: int) -> SegmentSet:
        if not recipe.augment.active():
            return plain
        return augmented_segments(parts["train"], model, cutting, recipe.augment, 1000 * recipe.seed + epoch)

    chosen = selection(recipe, held, choosing)
    history = fit(model, recipe, training_set, chosen, run, progress, device)
    model.load_weights(load_tensors((run.folder / "best.safetensors").read_bytes()))
    stored = statistics(model, plain, validation, torch.device(device))
    command = f"python -m ser_core train --recipe {recipe.name}"
    card = write_checkpoint(run.checkpoint, model.cpu(), recipe, parts, stored, history["best"], command)
    card = card.model_copy(update={"results": measure(run.checkpoint, recipe, data, progress)})
    write_card(run.checkpoint, card)
    run.write_state(status="done")
    run.log("done")
    return card


def load_parts(recipe: Recipe, data: Path | None, progress: Progress) -> tuple[dict[str, list[Clip]], list[str]]:
    """Scan, split, decode.  Test clips are decoded too, for their hashes in the card; nothing else looks at them."""
    whole = Split((), (), ())
    problems: list[str] = []
    for name in recipe.corpora:
        scan = get_corpus(name).scan(data)
        problems += [f"{p.path.name}: {p.reason}" for p in scan.problems]
        whole += split(scan.utterances, recipe.protocol, recipe.seed)
    parts = {}
    for part, utterances in whole.parts().items():
        parts[part], broken = load_clips(utterances, recipe, progress)
        problems += [f"{p.path.name}: {p.reason}" for p in broken]
    return parts, problems


def check(recipe: Recipe, parts: dict[str, list[Clip]]) -> None:
    """Refuse, with the reason, what cannot train."""
    missing = set(range(len(recipe.labels))) - {clip.label for clip in parts["train"]}
    if missing:
        names = ", ".join(recipe.labels[i] for i in sorted(missing))
        raise RecipeError(
            f"No training clip for {names}: take the label out of the recipe or add a corpus that has it."
        )
    if not parts["validation"]:
        raise RecipeError("No validation clip: without one there is no honest way to choose the epoch.")


def build(recipe: Recipe) -> System:
    """The recipe's model with random weights."""
    return create(
        recipe.system,
        recipe.variant,
        len(recipe.labels),
        Preparation(**recipe.preparation.model_dump()),
        **recipe.model,
    )


def training_cutting(recipe: Recipe, model: System) -> Cutting:
    hop = recipe.training.hop
    if hop is None:
        return model.cutting
    return Cutting(model.cutting.length, round(hop * model.sample_rate), model.cutting.trim_db)


def selection(recipe: Recipe, clips: list[Clip], data: SegmentSet) -> SegmentSet:
    """The part of the validation set that chooses the epoch (`validate_on`)."""
    if not recipe.validate_on:
        return data
    keep = torch.tensor([clip.utterance.corpus in recipe.validate_on for clip in clips])
    number = torch.cumsum(keep, 0) - 1
    rows = keep[data.clip]
    return SegmentSet(data.features[rows], number[data.clip[rows]], data.label[keep])


def measure(folder: Path, recipe: Recipe, data: Path | None, progress: Progress) -> tuple[Measured, ...]:
    """The finished file on the test part of each corpus."""
    recogniser = Recogniser(folder)
    found = []
    for name in recipe.corpora:
        test = split(get_corpus(name).scan(data).utterances, recipe.protocol, recipe.seed).test
        if test:
            include = recipe.protocol == "random"  # its test speakers are seen by definition, and marked so
            found.append(measured(evaluate(recogniser, test, name, recipe.protocol, include, progress), recipe.name))
    return tuple(found)


def measured(evaluation: Evaluation, checkpoint: str) -> Measured:
    """The figures of an evaluation as the card keeps them."""
    figures = evaluation.summary()
    command = f"python -m ser_core evaluate --checkpoint {checkpoint} --corpus {evaluation.corpus}"
    if evaluation.protocol != "all":
        command += f" --protocol {evaluation.protocol}"
    return Measured(
        command=command + (" --include-seen" if evaluation.seen_included else ""),
        **{key: figures[key] for key in Measured.model_fields if key != "command"},
    )

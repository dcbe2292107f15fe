"""Which parts of a model are called, with which shapes, and from which parts each tensor was computed.

The model answers once under hooks and a mode that sees every function called on tensors.  Each tensor carries the
numbers of the blocks that it comes from; functions hand them on, and a call of a part starts anew with its own number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, Final

import torch
from threadpoolctl import ThreadpoolController
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ser_core.models.base import count_parameters

Shape = tuple[int, ...]

IN, OUT = "in", "out"
# Steps that are drawn although no module does them: those that join what comes from several parts ...
JOINING: Final = {"add": "+", "add_": "+", "mul": "×", "mul_": "×", "cat": "joined"}
# ... and those that pool, or make weights.
STEPS: Final = {
    "mean": "mean",
    "var": "variance",
    "amax": "maximum",
    "softmax": "softmax",
    "sigmoid": "sigmoid",
    "scaled_dot_product_attention": "attention",
}


@dataclass(frozen=True)
class Block:
    """One box of a diagram.

    path: of the module below the model, e.g. "blocks.0"; empty for a step that is no module.
    kind: the module's class, or the step: "in", "out", "+", "×", "joined", "mean", "softmax", ...
    given, gives: shapes of what goes in and comes out for one segment, without the batch.
    parameters: trainable, of all `repeats` together; 0 where the same module was drawn before.
    detail: what a layer's shapes do not tell, e.g. "3 × 3, stride 2".
    opens: whether it has parts of its own.  repeats: how many such blocks follow each other.
    says: the first sentence of its class's docstring, where the class is ours.
    """

    path: str
    kind: str
    given: Shape
    gives: Shape
    parameters: int = 0
    detail: str = ""
    opens: bool = False
    repeats: int = 1
    says: str = ""


class Trace(TorchFunctionMode):
    """Notes the blocks of one part, and between which numbers arrows run, while the model answers.

    Where the part is called several times, the first call is noted.  opened: every module that called another one.
    """

    def __init__(self, model: nn.Module, part: nn.Module) -> None:
        super().__init__()
        self.model, self.part = model, part
        self.paths = {module: name for name, module in model.named_modules()}
        self.blocks: list[Block] = []
        self.arrows: list[tuple[int, int]] = []
        self.opened: dict[str, nn.Module] = {}
        self._stack: list[nn.Module] = []
        self._counted: set[nn.Module] = set()
        self._finished = False

    def run(self, features: Tensor) -> None:
        with ExitStack() as hooks:
            for module in self.model.modules():
                if not isinstance(module, nn.Identity):
                    before = module.register_forward_pre_hook(self._enter, with_kwargs=True)
                    after = module.register_forward_hook(self._leave, with_kwargs=True)
                    hooks.callback(before.remove)
                    hooks.callback(after.remove)
            # With gradients on, SERCT takes all tokens at once, as in training: one call for each layer.
            with torch.enable_grad(), _pools.limit(limits=1, user_api="openmp"), self:
                self.model(features)
        self.blocks = [replace(block, opens=block.path in self.opened) for block in self.blocks]

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if self._finished or not self._stack or self._stack[-1] is not self.part:
            return result
        name = getattr(func, "__name__", "")
        given = [tensor for tensor in tensors((args, kwargs)) if sources(tensor)]
        if not given or name.startswith("new_") or name.endswith("_like"):  # those take no more than the shape
            return result
        different = len({sources(tensor) for tensor in given}) > 1
        if name in STEPS or (name in JOINING and different):
            step = Block("", STEPS.get(name) or JOINING[name], shape_of(given), shape_of(result))
            mark(result, self._add(step, given))
        else:
            mark(result, *(source for tensor in given for source in sources(tensor)))
        return result

    def _enter(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        if self._stack:
            self.opened.setdefault(self.paths[self._stack[-1]], self._stack[-1])
        self._stack.append(module)
        if module is self.part and not self._finished:
            for given in {id(one): one for one in signals((args, kwargs))}.values():
                mark(given, self._add(Block("", IN, shape_of(given), shape_of(given)), ()))

    def _leave(self, module: nn.Module, args: Any, kwargs: Any, result: Any) -> None:
        self._stack.pop()
        if self._finished:
            return
        if module is self.part:
            self._add(Block("", OUT, shape_of(result), shape_of(result)), tensors(result))
            self._finished = True
        elif self._stack and self._stack[-1] is self.part:
            given = list(signals((args, kwargs)))
            block = Block(
                path=self.paths[module],
                kind=type(module).__name__,
                given=shape_of(given),
                gives=shape_of(result),
                parameters=0 if module in self._counted else count_parameters(module),
                detail=detail(module),
                says=docstring(module),
            )
            self._counted.add(module)
            mark(result, self._add(block, given))

    def _add(self, block: Block, given: Iterable[Tensor]) -> int:
        """Its number; with an arrow from everything that it was computed from."""
        self.blocks.append(block)
        number = len(self.blocks) - 1
        self.arrows += [(source, number) for source in sorted({one for tensor in given for one in sources(tensor)})]
        return number


_pools = ThreadpoolController()


def tensors(value: Any) -> Iterator[Tensor]:
    """Every tensor in arguments or results, however they are nested."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        yield from tensors(list(value.values()))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from tensors(one)


def signals(value: Any) -> Iterator[Tensor]:
    """The tensors that are no parameters."""
    return (one for one in tensors(value) if not isinstance(one, nn.Parameter))


def sources(tensor: Tensor) -> frozenset[int]:
    """The blocks that a tensor was computed from since it was last in one."""
    return getattr(tensor, "drawn_from", frozenset())


def mark(value: Any, *numbers: int) -> None:
    for tensor in tensors(value):
        tensor.drawn_from = frozenset(numbers)  # type: ignore[attr-defined]


def shape_of(value: Any) -> Shape:
    """Of the first tensor, without the batch of one; where the first axis counts something else it stays."""
    first = next(tensors(value), None)
    shape = () if first is None else tuple(first.shape)
    return shape[1:] if shape and shape[0] == 1 else shape


def docstring(module: nn.Module) -> str:
    """The first sentence of the docstring of a class of ours."""
    own = type(module).__module__.startswith(__package__)
    return (type(module).__doc__ or "").strip().partition(". ")[0].partition("\n")[0] if own else ""


def detail(module: nn.Module) -> str:
    """What shapes and parameters do not tell of a layer."""
    if isinstance(module, nn.Conv1d | nn.Conv2d):
        words = [" × ".join(map(str, module.kernel_size))]
        if max(module.stride) > 1:
            words.append(f"stride {' × '.join(map(str, dict.fromkeys(module.stride)))}")
        return ", ".join([*words, "depthwise"] if module.groups > 1 else words)
    if isinstance(module, nn.MaxPool1d | nn.MaxPool2d):
        size = module.kernel_size
        return " × ".join(map(str, size if isinstance(size, tuple) else (size, size)))
    if isinstance(module, nn.LSTM):
        layers = f"{module.num_layers} layers" if module.num_layers > 1 else "1 layer"
        return f"{layers}, both directions" if module.bidirectional else layers
    if isinstance(module, nn.Dropout):
        return f"p = {module.p:g}"
    if isinstance(module, nn.Sequential):
        inner = [type(one).__name__ for one in module if not isinstance(one, nn.Identity)]
        return " · ".join(inner) if len(inner) <= 4 else f"{len(inner)} layers"
    return ""

"""A support vector machine on the raw wave, the fifth thing SERCT is compared with.

Paper (001) names an SVM on the padded raw wave "at default values" and no more.  So this is our setting, never
reproduced: scikit-learn's SVC at its defaults (RBF kernel, C = 1, gamma = 1 / (dimensions * variance)), one machine
for each pair of emotions.

    3 s of the wave, mean 0 and deviation 1   x, 48,000 dimensions
    K_s   = exp(-gamma |x - s|^2)                          for every support vector s
    d_ij  = sum over s of  a_ij,s K_s  + b_ij              above zero: emotion i, below: emotion j
    logit_i = votes for i  +  c_i / (3 (|c_i| + 1)),       c_i = sum over j of  d_ij - d_ji

The last line is scikit-learn's one-vs-rest decision value: the confidences c decide between equal votes.

What the paper leaves open, and what stands here:
- kernel and constants are not stated: scikit-learn's defaults.
- length and level: segments of 3 s every 1.5 s, zeros behind a shorter clip, each brought to mean 0 and deviation 1;
  the release pads or cuts to 144,000 samples.
- the released evaluation takes a model of five emotions to a corpus of six, where the numbers of the classes do not
  correspond; here a checkpoint carries its labels.
- there is no probability in it: the softmax of its decision values only ranks the emotions, and says nothing about how
  sure one can be.

Maps: none, it has no attention.
"""

from __future__ import annotations

from itertools import combinations
from typing import Annotated

import numpy as np
import torch
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass
from torch import Tensor

from ser_core.errors import RecipeError
from ser_core.features import Wave
from ser_core.models.base import System
from ser_core.models.raw_baselines import SAMPLES, standardise
from ser_core.models.registry import register
from ser_core.preparation import Preparation


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class SvmConfig:
    num_classes: Annotated[int, Field(ge=2)] = 7


@register({"default": SvmConfig()})
class Svm(System):
    """Raw wave [B, 1, 48000] -> decision values [B, C].  `fit` trains it; it has no parameter for a gradient.

    support: shape = (V, 48000).  coefficients: (P, V), a row for each pair of classes.  intercepts: (P,).  gamma: ().
    Before `fit` there is no support vector.
    """

    name = "svm"
    title = "SVM on the raw wave"
    baseline_of = "serct"
    segment_seconds = 3.0
    hop_seconds = 1.5
    fill = "zeros"
    tail = True

    support: Tensor
    coefficients: Tensor
    intercepts: Tensor
    gamma: Tensor
    sides: Tensor

    def __init__(self, config: SvmConfig, preparation: Preparation) -> None:
        super().__init__(preparation)
        self.config = config
        self.front_end = Wave()
        self.normaliser = self.build_normaliser()
        pairs = list(combinations(range(config.num_classes), 2))
        self.register_buffer("support", torch.zeros(0, SAMPLES))
        self.register_buffer("coefficients", torch.zeros(len(pairs), 0))
        self.register_buffer("intercepts", torch.zeros(len(pairs)))
        self.register_buffer("gamma", torch.tensor(1 / SAMPLES))
        # +1 for the first class of a pair, -1 for the second.
        sides = [[float(c == i) - float(c == j) for c in range(config.num_classes)] for i, j in pairs]
        self.register_buffer("sides", torch.tensor(sides), persistent=False)

    def embed(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        """[B, 1, 48000] -> [B, 48000]."""
        return standardise(features.squeeze(1))

    def classify(self, embedding: Tensor) -> Tensor:
        distance = (
            embedding.square().sum(1, keepdim=True) + self.support.square().sum(1) - 2 * embedding @ self.support.T
        )
        kernel = torch.exp(-self.gamma * distance.clamp_min(0))
        decision = kernel @ self.coefficients.T + self.intercepts
        first = (decision >= 0).to(decision.dtype)
        votes = first @ self.sides.clamp_min(0) + (1 - first) @ (-self.sides).clamp_min(0)
        confidence = decision @ self.sides
        return votes + confidence / (3 * (confidence.abs() + 1))

    def fit(self, features: Tensor, labels: Tensor) -> None:
        """Train on segments [N, 1, 48000] with labels (N,), and keep what scikit-learn found.

        Raises RecipeError where a class has no segment: its pairs would have no machine.
        """
        from sklearn.svm import SVC

        missing = set(range(self.config.num_classes)) - set(labels.tolist())
        if missing:
            raise RecipeError(
                f"No training clip for class {', '.join(map(str, sorted(missing)))}: an SVM needs some of every class."
            )
        points = self.embed(features).double().cpu().numpy()
        gamma = 1 / (points.shape[1] * points.var())  # scikit-learn's "scale", which it keeps to itself
        machine = SVC(gamma=gamma, decision_function_shape="ovr").fit(points, labels.cpu().numpy())
        learnt = {
            "support": machine.support_vectors_,
            "coefficients": pairwise(machine.dual_coef_, machine.n_support_),
            "intercepts": machine.intercept_,
            "gamma": np.array(gamma),
        }
        if self.config.num_classes == 2:  # scikit-learn turns the sign round for two classes
            learnt["coefficients"], learnt["intercepts"] = -learnt["coefficients"], -learnt["intercepts"]
        self.keep({name: torch.tensor(values, dtype=torch.float32) for name, values in learnt.items()})

    def keep(self, tensors: dict[str, Tensor]) -> None:
        for name, tensor in tensors.items():
            own = getattr(self, name)
            setattr(self, name, tensor.to(own.device, own.dtype))

    def load_weights(self, tensors: dict[str, Tensor]) -> None:
        """The number of support vectors follows from the training data, all other shapes from the config."""
        expected = self.weights()
        if expected.keys() != tensors.keys():
            raise ValueError("the weights belong to another model")
        vectors = len(tensors["support"])
        shapes = {name: tensor.shape for name, tensor in expected.items()} | {
            "support": torch.Size((vectors, SAMPLES)),
            "coefficients": torch.Size((len(self.intercepts), vectors)),
        }
        if any(tensors[name].shape != shape for name, shape in shapes.items()):
            raise ValueError("the weights belong to another model")
        self.keep({name: tensors[name] for name in ("support", "coefficients", "intercepts", "gamma")})
        rest = {name: tensor for name, tensor in tensors.items() if name.startswith("normaliser.")}
        self.load_state_dict(rest, strict=False)


def pairwise(dual: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """libsvm's compact coefficients, a row for each pair of classes.

    dual: shape = (C - 1, V), support vectors in order of class; a vector of class i has its coefficient against class
    j in row j, in row j - 1 where j > i.  counts: support vectors of each class, (C,).  Returns (C (C - 1) / 2, V).
    """
    ends = np.concatenate([[0], np.cumsum(counts)])
    rows = []
    for i, j in combinations(range(len(counts)), 2):
        row = np.zeros(dual.shape[1])
        of_i, of_j = slice(ends[i], ends[i + 1]), slice(ends[j], ends[j + 1])
        row[of_i], row[of_j] = dual[j - 1, of_i], dual[i, of_j]
        rows.append(row)
    return np.stack(rows)

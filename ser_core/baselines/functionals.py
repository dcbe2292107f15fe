"""A clip -> openSMILE's ComParE-2016 functionals: 6373 statistics of pitch, loudness, spectrum and voice quality.

Eyben et al. (2010), ACM Multimedia (openSMILE); Schuller et al. (2016), Interspeech (the feature set).
A clip takes about a tenth of a second, so the numbers are kept in the cache folder by the digest of its samples.
"""

from __future__ import annotations

import io
from contextlib import suppress
from importlib import import_module

import numpy as np

from ser_core.audio import SAMPLE_RATE, Waveform
from ser_core.baselines.licence import require
from ser_core.files import cache_folder, write_bytes

SIZE = 6373


class Functionals:
    """Called with a clip it gives float32, shape = (6373,)."""

    def __init__(self, accept_licence: bool = False) -> None:
        """Raises BaselineError where openSMILE is missing or its licence is not accepted."""
        require(accept_licence)
        opensmile = import_module("opensmile")  # optional: nothing else in the project may need it
        self._smile = opensmile.Smile(
            feature_set=opensmile.FeatureSet.ComParE_2016, feature_level=opensmile.FeatureLevel.Functionals
        )
        self._folder = cache_folder() / "opensmile" / f"ComParE_2016-{opensmile.__version__}"

    def __call__(self, waveform: Waveform) -> np.ndarray:
        path = self._folder / f"{waveform.digest}.npy"
        with suppress(OSError, ValueError, EOFError):  # not there, or damaged: computed again
            stored = np.load(path, allow_pickle=False)
            if stored.shape == (SIZE,) and np.isfinite(stored).all():
                return stored
        values = np.nan_to_num(self._smile(waveform.samples, SAMPLE_RATE).reshape(SIZE).astype(np.float32))
        buffer = io.BytesIO()
        np.save(buffer, values, allow_pickle=False)
        with suppress(OSError):  # a full disk costs time, nothing else
            write_bytes(path, buffer.getvalue())
        return values

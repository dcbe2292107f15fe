"""openSMILE is free for research and teaching only, so its terms are shown and accepted before its first use."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from ser_core.errors import BaselineError
from ser_core.files import cache_folder, write_text

NOTE = (
    "openSMILE comes under the audEERING Research License Agreement: free for non-commercial research, teaching and "
    "personal use, not for products, nor may features made with it go into one; the text is the file LICENSE at "
    "https://github.com/audeering/opensmile-python"
)


def require(accept: bool) -> None:
    """Go on only where openSMILE is installed and its licence accepted, now or earlier on this machine.

    Raises BaselineError, which says what to do.
    """
    if find_spec("opensmile") is None:
        raise BaselineError(f"This baseline needs openSMILE: pip install opensmile, if you accept its licence. {NOTE}.")
    if accept:
        write_text(_accepted(), f"{NOTE}\nAccepted with --accept-licence.\n")
    elif not _accepted().is_file():
        raise BaselineError(f"{NOTE}. If you accept it, add --accept-licence once.")


def _accepted() -> Path:
    return cache_folder() / "opensmile" / "licence-accepted.txt"

"""Keep freed memory in the process while training on a CPU.

glibc gives blocks of several megabytes back to the system as soon as they are free and asks for them again in the
next step, which then touches every page anew: a tenth of the time of a step of CTMAM (measured with
`python -m benchmarks.systems`).
"""

from __future__ import annotations

import ctypes
import platform

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # names and numbers of mallopt(3)


def keep_freed_memory() -> None:
    """For a process that trains; does nothing where the C library is not glibc."""
    if platform.libc_ver()[0] != "glibc":
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(M_MMAP_MAX, 0)
    libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)

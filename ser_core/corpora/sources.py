"""Where a corpus can be fetched.

An address or a digest stands here only where a public source shows it; a digest nobody published is None, and what
came from there is then called unverified.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Archive:
    """One file to fetch and unpack.

    digest: "md5:..." or "sha256:..." in hexadecimal, None where none is published.  bytes: its published size.
    cited: where the address and the digest are read.
    """

    url: str
    name: str
    digest: str | None
    bytes: int | None
    cited: str

"""The terms under which corpora are given out, ordered by how much they forbid.

Whether weights trained on a corpus may be given away follows from its terms.  Where the terms do not say so plainly,
`ships` is False.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Licence:
    """The terms of a corpus.  rank: the higher, the stricter; weights carry the strictest of their data.

    ships: whether weights trained on it may be given away.
    """

    name: str
    rank: int
    ships: bool = True


PUBLIC_DOMAIN = Licence("CC0-1.0", 0)
FREE = Licence("free, see the home page of the corpus", 1)
ODBL = Licence("ODbL 1.0, contents DbCL 1.0", 2)  # share alike, works made with the data may be given away
CC_BY_NC_SA = Licence("CC BY-NC-SA 4.0", 3)
CC_BY_NC_ND = Licence("CC BY-NC-ND 4.0", 5, ships=False)  # no adaptations: whether weights are one is not settled
RESEARCH_ONLY = Licence("registered research use", 9, ships=False)
SIGNED_AGREEMENT = Licence("signed agreement, research use", 9, ships=False)
UNKNOWN_TERMS = Licence("unknown", 10, ships=False)

"""The bounds on what people write. Each is far beyond honest use and stops an accident early."""

from __future__ import annotations

from typing import Final

MAX_FILE_BYTES: Final = 4 * 1024 * 1024
"""One file; about 20,000 manifests."""

MAX_FOLDERS: Final = 64
"""Folders inside one another; paths stay far below what operating systems take."""

MAX_PROBLEMS: Final = 1_000
"""Problems after which the rest of the manifests is not read: a time limit, too."""

MAX_DEPTH: Final = 32
"""Levels of nesting in one document; also what stops an alias that holds itself."""

MAX_REPEATED_VALUES: Final = 1_000
"""Values in one file that are there only because an alias repeats them."""

MAX_INTEGER: Final = 2**63 - 1
"""Beyond 64 bits a number does not survive its way through other programs."""

"""The size limits of manifests and settings, far above normal use."""

from __future__ import annotations

from typing import Final

MAX_FILE_BYTES: Final = 4 * 1024 * 1024
"""Of one file; enough for about 20,000 manifests."""

MAX_FOLDERS: Final = 64
"""Depth of nested folders. Paths stay far below the limits of operating systems."""

MAX_PROBLEMS: Final = 1_000
"""After this many problems the remaining manifests are not read, which also limits the time."""

MAX_DEPTH: Final = 32
"""Levels of nesting in one document; the limit also stops an alias that contains itself."""

MAX_REPEATED_VALUES: Final = 1_000
"""Values in one file that an alias repeats."""

MAX_INTEGER: Final = 2**63 - 1
"""Other programs do not preserve integers beyond 64 bits."""

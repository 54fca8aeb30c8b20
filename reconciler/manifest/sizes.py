"""Sizes of containers as people write them: cores, memory and GPUs.

Modal's client drops a size that it does not understand (``cpu="1"``, ``memory="1Gi"``) without a
word, so sizes are parsed here and reach the client as the numbers that it takes.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

MEMORY_PATTERN: Final = r"^[0-9]{1,6}(\.[0-9]{1,3})?(Mi|Gi)$"
"""Memory with its unit, as a regular expression for the schema."""
GPU_PATTERN: Final = r"^[A-Za-z][A-Za-z0-9-]*[!+]?(:[1-8])?$"
"""A GPU and how many of them, as a regular expression for the schema."""
MOST_CORES: Final = 64
LEAST_MEMORY: Final = 128
"""MiB; the least that Modal allots."""
MOST_MEMORY: Final = 344_064
"""MiB, 336 GiB; the most that Modal allots."""

KNOWN_AS_OF: Final = "2026-11-30"
"""When the GPUs and regions below were compared with Modal's guide; others may have come since."""
GPUS: Final = (
    "T4",
    "L4",
    "A10",
    "A10G",
    "L40S",
    "A100",
    "A100-40GB",
    "A100-80GB",
    "RTX-PRO-6000",
    "H100",
    "H100!",
    "H200",
    "B200",
    "B200+",
)
"""The GPUs that Modal's guide names."""
_BY_NAME: Final = {name.lower(): name for name in GPUS}
_VENDOR: Final = re.compile(r"^nvidia-(tesla-)?", re.IGNORECASE)
_MEBIBYTES: Final = {"Mi": 1, "Gi": 1024}


class Amount(NamedTuple):
    """How much of a resource a container has.

    Attributes:
        request: what is reserved for it: cores, or MiB.
        limit: the most that it may use; None for Modal's own limit.
    """

    request: float
    limit: float | None = None

    def __str__(self) -> str:
        if self.limit is None:
            return f"{self.request:g}"
        return f"{self.request:g} to {self.limit:g}"


def mebibytes(written: float | str) -> float:
    """The memory that is written as a number of MiB, or as ``512Mi`` or ``1.5Gi``, in MiB.

    Raises:
        ValueError: it is neither.
    """
    if not isinstance(written, str):
        return written
    if re.fullmatch(MEMORY_PATTERN, written) is None:
        raise ValueError(f"{written!r} is not a size such as 512Mi or 1Gi")
    return float(written[:-2]) * _MEBIBYTES[written[-2:]]


def format_memory(mebi: float) -> str:
    """Memory as people write it: ``512Mi``, ``1Gi``."""
    whole, rest = divmod(mebi, 1024)
    return f"{whole:g}Gi" if whole and not rest else f"{mebi:g}Mi"


def gpu_named(written: str) -> str:
    """The GPU as Modal names it: ``nvidia-l4`` and ``l4`` are ``L4``; an unknown one as written.

    The number after the colon stays.
    """
    name, colon, number = _VENDOR.sub("", written).partition(":")
    known = _BY_NAME.get(name.lower())
    return written if known is None else f"{known}{colon}{number}"


def is_known_gpu(written: str) -> bool:
    """Whether a GPU, with or without a number, is among :data:`GPUS`."""
    return written.partition(":")[0] in GPUS

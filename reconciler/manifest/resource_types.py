"""The types of sizes in manifests and settings: cores, memory, GPUs, regions, variables."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import Discriminator, Field, Tag

from reconciler.manifest.constraints import Expected, Whole
from reconciler.manifest.sizes import (
    GPU_PATTERN,
    LEAST_MEMORY,
    MEMORY_PATTERN,
    MOST_CORES,
    MOST_MEMORY,
)
from reconciler.manifest.text_types import Distinct, Identifier, ModalName, Value


def one_or_more(value: Any) -> str:
    """The form of a key that is one value or a list of them."""
    return "<list>" if isinstance(value, list) else "<usual>"


def _number_or_text(value: Any) -> str:
    return "<text>" if isinstance(value, str) else "<usual>"


_Cores: TypeAlias = Annotated[
    float,
    Field(gt=0, le=MOST_CORES),
    Expected(f"a number of cores, more than 0 up to {MOST_CORES}"),
]
_Memory: TypeAlias = Annotated[
    Annotated[
        int, Whole(LEAST_MEMORY, MOST_MEMORY, " (MiB), or a size such as 1Gi"), Tag("<usual>")
    ]
    | Annotated[
        Annotated[
            str,
            Field(pattern=MEMORY_PATTERN),
            Expected("a size such as 512Mi or 1Gi, or a whole number of MiB"),
        ],
        Tag("<text>"),
    ],
    Discriminator(_number_or_text),
]

Cores: TypeAlias = Annotated[
    Annotated[_Cores, Tag("<usual>")]
    | Annotated[
        Annotated[
            list[_Cores],
            Field(min_length=2, max_length=2),
            Expected(f"a pair of numbers of cores such as [0.5, 2], each up to {MOST_CORES}"),
        ],
        Tag("<list>"),
    ],
    Discriminator(one_or_more),
]
"""A request, or a pair of request and limit."""
Memory: TypeAlias = Annotated[
    Annotated[_Memory, Tag("<usual>")]
    | Annotated[
        Annotated[
            list[_Memory],
            Field(min_length=2, max_length=2),
            Expected("a pair of sizes such as [512Mi, 1Gi]"),
        ],
        Tag("<list>"),
    ],
    Discriminator(one_or_more),
]
"""A request, or a pair of request and limit."""
Gpu: TypeAlias = Annotated[
    str,
    Field(pattern=GPU_PATTERN, max_length=48),
    Expected("a GPU as Modal names it, such as L4, A100-80GB or H100:2 (1 to 8 of them)"),
]
Region: TypeAlias = Annotated[
    str,
    Field(pattern="^[a-z][a-z0-9-]*$", max_length=48),
    Expected("a region as Modal names it, such as us-east or eu"),
]
Regions: TypeAlias = Annotated[
    Annotated[Region, Tag("<usual>")] | Annotated[Distinct[Region], Tag("<list>")],
    Discriminator(one_or_more),
]
MountPaths: TypeAlias = dict[
    Annotated[
        str,
        Field(pattern="^(/[A-Za-z0-9._-]+)+$", max_length=200),
        Expected("an absolute path such as /data"),
    ],
    ModalName,
]
"""Mount path to the name of a Modal Volume."""
Variables: TypeAlias = dict[Identifier, Value]

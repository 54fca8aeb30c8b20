"""The regions that Modal offers, to recognise a misspelt one."""

from __future__ import annotations

import re
from typing import Final

REGIONS: Final = frozenset(
    {
        *("us", "us-east", "us-central", "us-south", "us-west"),
        *("eu", "eu-west", "eu-north", "eu-south"),
        *("uk", "ca", "sa", "me", "mx", "af", "jp", "au"),
        *("ap", "ap-northeast", "ap-southeast", "ap-south", "ap-melbourne"),
    }
)
"""The groups of regions that Modal's guide names, as of the date in ``sizes``."""
_OF_A_CLOUD: Final = re.compile(
    r"(us|eu|uk|ca|sa|me|mx|af|ap|il)-"  # AWS, OCI: us-east-1, us-ashburn-1
    r"(east|west|north|south|central|northeast|southeast|northwest|southwest|[a-z]+)-?[1-9]"
    r"|(us|europe|asia|australia|northamerica|southamerica|me|africa)-"  # GCP: us-east1
    r"(east|west|north|south|central|northeast|southeast)[1-9][0-9]?"
    r"|(east|west|central|north|south)[a-z]*(us|europe|asia|india|uk|canada)[1-3]?"  # Azure
)
"""The forms of the names that clouds give their regions, which Modal takes too."""


def is_known_region(name: str) -> bool:
    """Whether Modal is known to offer this region, or a cloud names its regions like it."""
    return name in REGIONS or _OF_A_CLOUD.fullmatch(name) is not None

"""Sizes are read exactly, or refused: nothing reaches Modal's client that it would drop."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifest.regions import is_known_region
from reconciler.manifest.sizes import GPUS, format_memory, gpu_named, is_known_gpu, mebibytes


@pytest.mark.parametrize(
    ("written", "mebi"),
    [(1024, 1024), ("512Mi", 512), ("1Gi", 1024), ("1.5Gi", 1536), ("0.25Gi", 256)],
)
def test_memory_is_in_mebibytes(written: float | str, mebi: float) -> None:
    assert mebibytes(written) == mebi


@pytest.mark.parametrize("written", ["1G", "1GB", "1024", "Gi", "1gi", "-1Gi", "1 Gi", "1Gi\n", ""])
def test_memory_without_a_unit_that_is_known_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        mebibytes(written)


@given(st.integers(1, 344_064))
def test_memory_is_read_as_it_is_shown(mebi: int) -> None:
    assert mebibytes(format_memory(mebi)) == mebi


@pytest.mark.parametrize(
    ("written", "gpu"),
    [
        ("nvidia-l4", "L4"),
        ("l4", "L4"),
        ("nvidia-tesla-t4:2", "T4:2"),
        ("NVIDIA-A100-80GB:8", "A100-80GB:8"),
        ("H100!:4", "H100!:4"),
        ("b200+", "B200+"),
        ("NOSUCH", "NOSUCH"),
        ("nvidia-nosuch", "nvidia-nosuch"),
    ],
)
def test_a_gpu_gets_the_name_that_modal_gives_it(written: str, gpu: str) -> None:
    assert gpu_named(written) == gpu


def test_a_gpu_that_modal_is_not_known_to_offer_is_recognised() -> None:
    assert all(is_known_gpu(name) and is_known_gpu(f"{name}:2") for name in GPUS)
    assert not is_known_gpu("NOSUCH")
    assert not is_known_gpu("L5:2")


@pytest.mark.parametrize(
    "region",
    ["us", "eu-west", "ap-melbourne", "us-east-1", "us-ashburn-1", "europe-west4", "eastus2"],
)
def test_regions_of_modal_and_of_clouds_are_known(region: str) -> None:
    assert is_known_region(region)


@pytest.mark.parametrize("region", ["mars", "us-estas", "eu-", "useast", "us-east-"])
def test_another_region_is_not(region: str) -> None:
    assert not is_known_region(region)

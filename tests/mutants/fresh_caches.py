"""A plugin of pytest for the record of what each test covers: no test finds what another computed.

A line behind a cache would otherwise count for the first test alone that runs it, and a change of
it would be taken for one that no test notices.
"""

from __future__ import annotations

import sys

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Empty the caches of all our functions."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "reconciler":
            for value in list(vars(module).values()):
                clear = getattr(value, "cache_clear", None)
                if clear is not None:
                    clear()

"""The pages as they were last shown, for the time in which Modal does not answer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

AT_MOST: Final = 32
"""Pages that are kept; the one that was shown longest ago is dropped first."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A page.

    Attributes:
        at: when Modal gave the answers that it shows.
        template: its file.
        values: what the template was given.
    """

    at: datetime
    template: str
    values: Mapping[str, Any]


@dataclass
class LastShown:
    """The pages by path and query, and since when Modal has been silent.

    Attributes:
        silent: when the first question was asked that Modal did not answer; None while it answers.
    """

    silent: datetime | None = None
    _pages: OrderedDict[str, Shown] = field(default_factory=OrderedDict)

    def keep(self, url: str, shown: Shown) -> None:
        """Modal has answered, and this is the page."""
        self.silent = None
        self._pages[url] = shown
        self._pages.move_to_end(url)
        if len(self._pages) > AT_MOST:
            self._pages.popitem(last=False)

    def find(self, url: str, asked: datetime) -> Shown | None:
        """The page as it was last shown; None when it was not, or too long ago.

        Args:
            asked: when Modal was asked that did not answer.
        """
        self.silent = self.silent or asked
        return self._pages.get(url)

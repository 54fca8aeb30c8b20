"""Makes the pictures of the documentation, for `make screenshots`."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from tests.web.pages.acme import acme
from tests.web.pages.browser import apart, chromium, served, visit

FOLDER: Final = Path(__file__).parents[3] / "docs" / "pictures"
PICTURES: Final[tuple[tuple[str, str, int, int, Literal["light", "dark"]], ...]] = (
    ("attention", "/", 1280, 900, "light"),
    ("timeline", "/timeline", 1280, 900, "dark"),
    ("schedule", "/schedules/warehouse-extract", 1280, 820, "light"),
    ("phone", "/", 360, 760, "dark"),
)
"""File, page, width and height in pixels, and theme."""


def main() -> None:
    """Write the pictures."""
    FOLDER.mkdir(exist_ok=True)
    with chromium() as browser, served(apart(acme)) as origin:
        for name, path, width, height, theme in PICTURES:
            with visit(browser, origin, width=width, theme=theme) as visitor:
                visitor.page.set_viewport_size({"width": width, "height": height})
                visitor.open(path)
                visitor.page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()

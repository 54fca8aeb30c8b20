"""A headless Chromium that looks at the pages over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from reconciler.web.server import listen, serve
from reconciler.web.serving import loopback_hosts
from tests.web.site import TOKEN, TestSite

T = TypeVar("T")

_MODULES: Final = Path(__file__).parents[2] / "node" / "node_modules"
_UNPACKED: Final = _MODULES / ".browser"
_CHROMIUM: Final = _UNPACKED / "chromium"
_AXE: Final = _MODULES / "axe-core" / "axe.min.js"
_FLAGS: Final = (
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; the pages of one test see nothing of another's."""
    assert _CHROMIUM.exists(), "run `make tests/node/node_modules/.ready`"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(_CHROMIUM), args=list(_FLAGS), env=_environment()
        )
        yield browser
        browser.close()


def _environment() -> dict[str, str | float | bool]:
    """With the libraries that came with the browser, where the system lacks them."""
    found: dict[str, str | float | bool] = {**os.environ}
    found["FONTCONFIG_FILE"] = str(_UNPACKED / "fonts.conf")
    linked = subprocess.run(["ldd", _CHROMIUM], capture_output=True, text=True, check=False)
    if "not found" in linked.stdout:
        found["LD_LIBRARY_PATH"] = str(_UNPACKED / "al2023" / "lib")
    return found


def apart(make: Callable[[], T]) -> T:
    """Make something in a thread of its own: Playwright has an event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(make).result()


@contextmanager
def served(site: TestSite) -> Iterator[str]:
    """The site on a port of this machine; its address."""
    listening = listen(0)
    port = listening.getsockname()[1]
    site.serving["hosts"] = loopback_hosts(port)
    ready, loop = threading.Event(), asyncio.new_event_loop()
    serving = loop.create_task(serve(site.app, listening, ready.set))

    def run() -> None:
        try:
            loop.run_until_complete(serving)
        except asyncio.CancelledError:
            pass
        finally:
            loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(20)
        yield f"http://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(serving.cancel)
        thread.join()


@dataclass
class Visitor:
    """A person with a browser, who has signed in.

    Attributes:
        requests: that the page has made, by their URL.
        complaints: errors of scripts, of the console, and dialogs.
    """

    origin: str
    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Go to a page."""
        self.page.goto(self.origin + path)

    def violations(self) -> list[str]:
        """What axe-core finds, each with the element."""
        if not self.page.evaluate("'axe' in window"):
            # The pages' own rules allow no inline script.
            self.page.evaluate(_AXE.read_text())
        found: Mapping[str, Any] = self.page.evaluate(
            "axe.run({resultTypes: ['violations'], rules: {'target-size': {enabled: true}}})"
        )
        return [
            f"{one['id']}: {node['html'][:160]} {json.dumps(node['any'][:1])[:300]}"
            for one in found["violations"]
            for node in one["nodes"][:3]
        ]


@contextmanager
def visit(
    browser: Browser,
    origin: str,
    *,
    width: int = 1280,
    theme: Literal["light", "dark"] = "light",
    **options: Any,
) -> Iterator[Visitor]:
    """A person who looks at the pages.

    Args:
        width: of the window, in pixels.
        options: of the browser's context.
    """
    context: BrowserContext = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, **options
    )
    page = context.new_page()
    visitor = Visitor(origin, page)
    page.on("request", lambda request: visitor.requests.append(request.url))
    page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
    page.on("dialog", lambda dialog: visitor.complaints.append(dialog.message))
    page.on(
        "console",
        lambda message: (
            visitor.complaints.append(message.text) if message.type == "error" else None
        ),
    )
    # The context's own requests share its cookies.
    context.request.get(f"{origin}/sign-in", params={"token": TOKEN}, max_redirects=0)
    yield visitor
    context.close()

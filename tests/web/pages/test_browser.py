"""The pages in a real browser: every view at every width, by keyboard, and live."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

from reconciler.cron import minute
from reconciler.dispatch.answers import UnavailableError
from reconciler.model.runs_file import RunRecord, RunState, format_time
from tests.web.pages.acme import NOW, AcmeSite, acme
from tests.web.pages.browser import Visitor, apart, chromium, served, visit

VIEWS = (
    "/",
    "/schedules",
    "/timeline",
    "/timeline?range=7d",
    "/slots",
    "/history",
    "/triggers",
    "/schedules/warehouse-extract",
)
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def few() -> Iterator[str]:
    with served(apart(acme)) as origin:
        yield origin


@pytest.fixture(scope="module")
def many() -> Iterator[str]:
    with served(apart(lambda: acme(2000))) as origin:
        yield origin


@pytest.fixture
def visitor(browser: Browser, few: str) -> Iterator[Visitor]:
    with visit(browser, few) as found:
        yield found


def require_sound(visitor: Visitor, width: int, views: Sequence[str] = VIEWS) -> None:
    found: dict[str, list[str]] = {}
    for path in views:
        visitor.open(path)
        found[path] = visitor.violations()
        measured = visitor.page.evaluate("document.documentElement.scrollWidth")
        assert measured <= width, f"{path} scrolls sideways"
        sizes = visitor.page.evaluate(
            "[...document.querySelectorAll('svg text')]"
            ".map((text) => parseFloat(getComputedStyle(text).fontSize))"
        )
        assert min(sizes, default=11) >= 11, path
    assert {path: complaints for path, complaints in found.items() if complaints} == {}
    assert visitor.complaints == []
    assert [url for url in visitor.requests if not url.startswith(visitor.origin)] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280, 2560])
def test_every_view_is_accessible_at_every_width(
    browser: Browser, few: str, width: int, theme: Literal["light", "dark"]
) -> None:
    with visit(browser, few, width=width, theme=theme) as visitor:
        require_sound(visitor, width)


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1280, "light"), (2560, "dark")])
def test_so_is_every_view_of_2000_schedules(
    browser: Browser, many: str, width: int, theme: Literal["light", "dark"]
) -> None:
    with visit(browser, many, width=width, theme=theme) as visitor:
        require_sound(visitor, width)


@pytest.mark.parametrize(("width", "theme"), [(360, "light"), (1280, "dark"), (2560, "light")])
def test_in_the_other_theme_the_first_view_of_2000_schedules_is_as_accessible(
    browser: Browser, many: str, width: int, theme: Literal["light", "dark"]
) -> None:
    """Of the other views only the colours differ, and those are seen with 24 schedules."""
    with visit(browser, many, width=width, theme=theme) as visitor:
        require_sound(visitor, width, ("/",))


def test_the_first_view_is_one_request_beside_a_stylesheet_and_a_script(
    visitor: Visitor,
) -> None:
    visitor.open("/")
    paths = [url.removeprefix(visitor.origin) for url in visitor.requests]
    assert sorted(paths) == ["/", "/assets/dashboard.css", "/assets/dashboard.js"]


def test_tab_reaches_every_link_and_button(visitor: Visitor) -> None:
    for path in ("/", "/schedules", "/timeline"):
        visitor.open(path)
        wanted = visitor.page.evaluate(
            "[...document.querySelectorAll('a[href], button, input')].filter((one) =>"
            " one.tabIndex >= 0 && one.type !== 'hidden' && one.checkVisibility()).length"
        )
        reached = 0
        for _ in range(wanted + 1):
            visitor.page.keyboard.press("Tab")
            reached += visitor.page.evaluate("document.activeElement !== document.body")
        assert reached >= wanted, path


def test_the_keys_move_filter_open_and_explain(visitor: Visitor) -> None:
    page = visitor.page
    visitor.open("/schedules")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.textContent") == "churn-model-train"
    # A key is heard once the page's script has run: each step waits until the page has loaded.
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page).to_have_url(f"{visitor.origin}/schedules/churn-model-train")
    for place, path in enumerate(
        ("/", "/schedules", "/timeline", "/slots", "/history", "/triggers")
    ):
        with page.expect_navigation():
            page.keyboard.press(str(place + 1))
        expect(page).to_have_url(visitor.origin + path)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_filter_replaces_the_table_as_one_types(visitor: Visitor) -> None:
    page = visitor.page
    visitor.open("/schedules")
    page.keyboard.press("/")
    page.keyboard.type("treasury")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_role("status").first).to_have_text("1 shown")
    assert page.url.endswith("/schedules?q=treasury")
    page.keyboard.press("j")
    assert page.locator("#q").input_value() == "treasuryj"


def test_c_copies_the_command_of_the_row(browser: Browser, few: str) -> None:
    with visit(browser, few, permissions=["clipboard-read", "clipboard-write"]) as visitor:
        visitor.open("/")
        visitor.page.get_by_role("link", name="exchange-rates").first.focus()
        visitor.page.keyboard.press("c")
        expect(visitor.page.get_by_role("button", name="Copied")).to_be_visible()
        copied = visitor.page.evaluate("navigator.clipboard.readText()")
        assert copied == "reconcile logs exchange-rates@2026-11-30T07:15Z --env production"


def test_without_javascript_the_pages_are_read_and_filtered(browser: Browser, few: str) -> None:
    with visit(browser, few, java_script_enabled=False) as visitor:
        visitor.open("/schedules")
        visitor.page.locator("#q").fill("treasury")
        visitor.page.locator("#q").press("Enter")
        expect(visitor.page.locator("tbody tr")).to_have_count(1)


def failed(site: AcmeSite, name: str, reason: str) -> None:
    """Let a minute pass in which a run fails."""
    site.world.clock.time += timedelta(minutes=1)
    at = site.world.clock.time
    line = RunRecord(
        name=name,
        times=(minute(NOW),),
        state=RunState.FAILED,
        at=format_time(at),
        call="fc-new",
        reason=reason,
    )
    site.record(at, line)


def test_a_schedule_that_fails_while_the_page_is_open_shows_up(browser: Browser) -> None:
    site = apart(lambda: acme(well=True))
    with served(site) as origin, visit(browser, origin) as visitor:
        page = visitor.page
        page.clock.install()
        visitor.open("/")
        expect(page.get_by_role("heading", level=1)).to_have_text(
            "All 24 schedules are as they should be"
        )
        failed(site, "cache-warmup", HOSTILE)
        page.clock.run_for(61_000)
        expect(page.get_by_role("heading", level=1)).to_have_text(
            "1 of 24 schedules needs attention"
        )
        expect(page).to_have_title("(1) Attention · production")
        expect(page.locator(".items")).to_contain_text(HOSTILE)
        assert visitor.complaints == []


def test_new_rows_wait_while_someone_uses_the_list(browser: Browser) -> None:
    site = apart(acme)
    with served(site) as origin, visit(browser, origin) as visitor:
        page = visitor.page
        page.clock.install()
        visitor.open("/")
        page.get_by_role("link", name="exchange-rates").first.focus()
        failed(site, "cache-warmup", "KeyError: 'x'")
        page.clock.run_for(61_000)
        expect(page.locator("#news")).to_have_text("1 new: cache-warmup failed. Show")
        assert page.evaluate("document.activeElement.textContent") == "exchange-rates"
        page.locator("#news button").click()
        expect(page.locator(".items")).to_contain_text("cache-warmup")


def test_a_page_asks_once_a_minute_and_only_while_it_is_visible(browser: Browser, few: str) -> None:
    with visit(browser, few) as visitor:
        page = visitor.page
        page.clock.install()
        visitor.open("/")
        before = len(visitor.requests)
        page.clock.run_for(59_000)
        assert len(visitor.requests) == before
        page.clock.run_for(121_000)
        assert before + 2 <= len(visitor.requests) <= before + 3
        page.evaluate("Object.defineProperty(document, 'visibilityState', {get: () => 'hidden'})")
        before = len(visitor.requests)
        page.clock.run_for(600_000)
        assert len(visitor.requests) == before


def test_without_an_answer_the_page_is_stale_and_says_so(browser: Browser) -> None:
    with served(apart(acme)) as origin, visit(browser, origin) as visitor:
        page = visitor.page
        page.clock.install()
        visitor.open("/")
        page.route("**/*", lambda route: route.abort())
        for _ in range(3):
            with page.expect_event("requestfailed"):
                page.clock.run_for(61_000)
        expect(page.get_by_role("heading", level=1)).to_have_text("No answer for 3 min")
        expect(page.locator(".was")).to_have_text(
            "9 of 24 schedules and 1 wake source needed attention"
        )
        expect(page.locator("#as-of")).to_have_text("as of 07:50:24Z, 3 min old")
        expect(page.locator("#again")).to_have_text(re.compile(r"Trying again in \d+ s\."))


def test_a_page_that_is_opened_while_modal_is_silent_is_accessible_and_returns_by_itself(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = apart(acme)

    async def silent(_key: str) -> None:
        raise UnavailableError("connection refused")

    with served(site) as origin, visit(browser, origin) as visitor:
        page = visitor.page
        page.clock.install()
        visitor.open("/")
        site.world.clock.time += timedelta(minutes=12)
        monkeypatch.setattr(site.world.claims, "get", silent)
        visitor.open("/")
        expect(page.get_by_role("heading", level=1)).to_have_text("No answer from Modal")
        expect(page.locator("#as-of")).to_have_text("as of 07:50:24Z, 12 min old")
        assert visitor.violations() == []
        site.world.clock.time += timedelta(seconds=61)
        page.clock.run_for(61_000)
        expect(page.get_by_role("heading", level=1)).to_have_text("No answer from Modal for 1 min")
        monkeypatch.undo()
        page.clock.run_for(61_000)
        expect(page.get_by_role("heading", level=1)).to_contain_text("attention")


def test_a_hostile_text_does_nothing(browser: Browser) -> None:
    site = apart(acme)
    for name in ("exchange-rates", "cache-warmup", "backup-verify"):
        failed(site, name, HOSTILE)
    with served(site) as origin, visit(browser, origin) as visitor:
        for path in (*VIEWS, "/schedules/cache-warmup", f"/schedules?q={HOSTILE}", f"/{HOSTILE}"):
            visitor.open(path)
            assert visitor.page.evaluate("document.images.length") == 0
        assert [text for text in visitor.complaints if "404" not in text] == []

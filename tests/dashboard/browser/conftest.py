"""Chromium, as a person uses it: whatever a page complains about fails the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from demo.chromium import FLAGS, chromium

PATIENCE = 30_000  # milliseconds until something must be seen; machines that test are busy


@dataclass
class Watched:
    """What a page complained of, and what it asked for."""

    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._requested)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _requested(self, request: Request) -> None:
        self.asked.append(request.url)


Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A module's own: while playwright runs, no other test of this process can use asyncio."""
    found = chromium()
    if found is None:
        pytest.skip("needs Chromium: Debian's package chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture
def watched() -> Iterator[Watched]:
    """A test that provokes a complaint empties the list when it has looked at it."""
    found = Watched()
    yield found
    assert found.complaints == []


@pytest.fixture
def opens(browser: Browser, watched: Watched) -> Iterator[Open]:
    """Opens an address in a window of its own; `settings` are those of a browser's context."""
    contexts = []

    def opened(address: str, **settings: Any) -> Page:
        context = browser.new_context(**{"reduced_motion": "reduce", **settings})
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        watched.watch(page)
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()

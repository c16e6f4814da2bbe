"""The night on call, clicked: bad but healthy, back by the keyboard, held, released, live."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from cli.dashboard.serve import serving
from demo.administrator import opened
from embedded.account import EmbeddedAws
from example import conflicto
from tests.cli.packages import written
from tests.dashboard.browser.conftest import PATIENCE, Open
from tests.dialect.account import CLUSTER, FAMILY, SERVICE
from tests.dialect.packaged import RATE, PackagedAccount

NAME = "conflicto-backend-service"
HOLD = "rolled back by hand, so pushes wait for a release (wrong prices)"
expect.set_options(timeout=PATIENCE)


@contextmanager
def deployed(factory: pytest.TempPathFactory) -> Iterator[PackagedAccount]:
    """The packaged Slipway beside the team's service, on the embedded AWS."""
    package = written(factory, "dev")
    with EmbeddedAws(rate=RATE) as aws:
        aws.client("ecs").create_cluster(clusterName=CLUSTER)
        conflicto.add_service(aws.client, "backend", "gunicorn_fargate")
        aws.deploy(package.directory / "sam.json", package.archive)
        yield PackagedAccount(aws)


def test_a_bad_but_healthy_push_is_rolled_back_and_the_next_one_released(
    opens: Open, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with (
        deployed(tmp_path_factory) as account,
        serving(opened(account.aws, "dev")) as address,
    ):
        for tag in ("aaa1111", "bad0000"):
            account.settle(SERVICE, account.push(tag))
        page = opens(address)
        page.evaluate("window.never = 'loaded again'")
        _rolls_back_by_keyboard(page)
        _succeeds_while_one_looks(page, "aaa1111")
        assert account.revision() == f"{FAMILY}:2"
        account.push("ccc3333")
        _is_held_on_the_board(page)
        _is_released(page)
        _succeeds_while_one_looks(page, "ccc3333")
        assert account.revision() == f"{FAMILY}:4"
        assert page.evaluate("window.never") == "loaded again"
        assert account.failed() == []
        page.close()


def _rolls_back_by_keyboard(page: Page) -> None:
    page.get_by_role("link", name=f"bad0000 of {NAME} in dev").press("Enter")
    page.get_by_role("button", name="Roll back …").press("Enter")
    dialog, plan = page.get_by_role("dialog"), page.get_by_label("What would happen")
    expect(dialog.get_by_role("heading")).to_have_text(f"Roll back {SERVICE}")
    expect(dialog.get_by_role("radio", name="bad0000 ")).to_have_accessible_name(
        re.compile("runs now")
    )
    expect(dialog.get_by_label("Why?")).to_be_focused()
    expect(plan).to_contain_text(f"goes to   {FAMILY}:2  aaa1111")
    for key in ("Shift+Tab", "Shift+Tab", "ArrowDown"):
        page.keyboard.press(key)
    expect(plan).to_contain_text(f"goes to   {FAMILY}:1")
    expect(dialog.get_by_role("radio", name=re.compile("0a1b2c3"))).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(plan).to_contain_text(f"goes to   {FAMILY}:2  aaa1111")
    for key in ("Tab", "Tab"):
        page.keyboard.press(key)
    page.keyboard.type("wrong prices")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("aaa1111")
    expect(page.get_by_text("(wrong prices)").first).to_be_visible()


def _succeeds_while_one_looks(page: Page, tag: str) -> None:
    """Nobody loads the page again: the stream brings the news."""
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(f"{tag}.*successful"))
    expect(page.get_by_role("heading", name="The rollout")).to_be_visible()


def _is_held_on_the_board(page: Page) -> None:
    page.get_by_role("link", name="Slipway").click()
    expect(page.get_by_role("link", name="held ccc3333")).to_be_visible()
    expect(page.get_by_role("row", name=NAME)).to_contain_text(HOLD)
    expect(page.get_by_text("1 to look at")).to_be_visible()


def _is_released(page: Page) -> None:
    page.get_by_role("link", name="held ccc3333").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("ccc3333.*held"))
    page.get_by_role("button", name="Release").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("The holds would end, and ccc3333 would be deployed.")
    dialog.get_by_role("button", name="Release").click()
    expect(dialog).to_be_visible()  # a reason is missing, and the browser says so
    dialog.get_by_label("Why?").fill("the fix is tested")
    dialog.get_by_role("button", name="Release").click()
    expect(page.get_by_role("status").filter(has_text="PENDING")).to_be_visible()

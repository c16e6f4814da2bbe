"""`make screenshots`: the dashboard's pages -> docs/pictures/dashboard-*.png, by Chromium.

The story is rehearsed on a virtual clock (`demo/team.py`), so the pictures change only when the
pages do, or the fonts of the machine.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect, sync_playwright

from chalicelib.errors import Refused
from cli.dashboard.serve import serving
from cli.terminal import progress
from demo.chromium import FLAGS, NEEDED, chromium
from demo.team import Team, day, service

PICTURES = Path("docs/pictures")
_LARGEST = 150_000  # bytes of a picture
_PATIENCE = 60_000  # milliseconds until a page is complete


@dataclass(frozen=True)
class Shot:
    """A picture: its name, the page, and the window in pixels."""

    name: str
    path: str
    width: int
    height: int


def main(arguments: Sequence[str] = ()) -> int:
    """Play the day, and write its pictures.

    Raises:
        Refused: when there is no Chromium, or a picture got too large.
    """
    argparse.ArgumentParser(prog="python -m demo screenshots", description=__doc__).parse_args(
        arguments
    )
    program = chromium()
    if program is None:
        raise Refused(f"The pictures need {NEEDED}. Next: apt-get install chromium")
    with progress("Playing the day of a team"), day() as (team, stages):
        shots, at = list(shots_of(team)), team.account.clock.now()
        with serving(stages) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
            for shot in shots:
                _take(browser, address, shot, at)
            browser.close()
    return 0


def shots_of(team: Team) -> Sequence[Shot]:
    """The pictures: the board on a desk and on a phone, a rollout, and a failure."""
    rollout = _of(team, "web", "SUCCESSFUL")
    failure = _of(team, "backend", "ROLLBACK_SUCCESSFUL")
    return (
        Shot("board", "/", 1280, 760),
        Shot("deployment", f"/deployment/dev/{rollout}", 1280, 1000),
        Shot("failure", f"/deployment/dev/{failure}", 820, 1100),
        Shot("phone", "/", 390, 844),
    )


def _of(team: Team, name: str, status: str) -> str:
    """The id of the newest deployment of a service with that status."""
    records = team.account.deployments(service(name))
    return next(str(one["deployment"]) for one in records if one["status"] == status)


def _take(browser: Browser, address: str, shot: Shot, at: Any) -> None:
    window = {"width": shot.width, "height": shot.height}
    with browser.new_context(viewport=window, reduced_motion="reduce") as context:  # type: ignore[arg-type]
        page = context.new_page()
        page.clock.set_fixed_time(at)  # "3 min ago" is the same each time
        page.goto(address.replace("/#", f"{shot.path}#"))
        expect.set_options(timeout=_PATIENCE)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_text("asking AWS …", exact=False)).to_have_count(0)
        page.wait_for_function("document.fonts.status === 'loaded'")
        path = PICTURES / f"dashboard-{shot.name}.png"
        page.screenshot(path=path, animations="disabled")
    size = path.stat().st_size
    print(f"Wrote {path}: {size:,} bytes")  # noqa: T201 - a command tells what it wrote
    if size > _LARGEST:
        raise Refused(f"{path} is larger than {_LARGEST:,} bytes")

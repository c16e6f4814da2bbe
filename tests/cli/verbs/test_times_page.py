"""docs/where-the-time-went.md shows what `slipway show` prints, and what people are told."""

from __future__ import annotations

from embedded.services.ecs import SlowStart
from tests.cli.verbs.conftest import Slipway
from tests.dialect.account import SERVICE
from tests.dialect.rehearsed import RehearsedAccount
from tests.pages import blocks, page


def test_the_page_shows_a_pull_that_took_far_longer_than_usual(
    account: RehearsedAccount, slipway: Slipway
) -> None:
    for tag in ("aaa1111", "bbb2222", "ccc3333"):
        account.settle(SERVICE, account.push(tag))
        account.advance(60)
    account.breaks("abc1234", SlowStart(seconds=88))
    account.settle(SERVICE, account.push("abc1234"))
    assert slipway("show", "backend") == 0
    section = slipway.said.partition("\nWhere the time went\n")[2].partition("\n\n")[0]
    shown, line = (block.rstrip("\n") for block in blocks("text", page("where-the-time-went")))
    assert shown == f"Where the time went\n{section}"
    assert line in account.notices()[-1]["body"].splitlines()

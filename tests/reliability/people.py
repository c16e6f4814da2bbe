"""What people do in several flows: each is an act, or gives one for a moment or with words."""

from __future__ import annotations

from collections.abc import Callable

from tests.reliability.account import FaultyAccount
from tests.reliability.flow import ASKED, BAD, GOOD, NEWER, is_now

Acts = Callable[[FaultyAccount], None]


def push(account: FaultyAccount) -> None:
    account.push(GOOD)


def push_bad(account: FaultyAccount) -> None:
    account.push(BAD)


def push_newer(seconds: float) -> Acts:
    """A newer image is pushed so many seconds after the first one."""

    def acts(account: FaultyAccount) -> None:
        account.push(GOOD)
        account.later(seconds, lambda: account.push(NEWER))

    return acts


def stop(seconds: float) -> Acts:
    """A person stops a push so many seconds after it."""

    def acts(account: FaultyAccount) -> None:
        account.push(GOOD)
        asked = {**ASKED, "key": "stop", "hold": False}
        account.later(seconds, lambda: account.insist("rollback", asked))

    return acts


def go_back(*, hold: bool = False, override: bool = False) -> Acts:
    """A person goes back once a push is live."""

    def acts(account: FaultyAccount) -> None:
        account.push(GOOD)
        words = {"override": True} if override else {}
        back = {**ASKED, "key": "back", "hold": hold, **words}
        account.when(is_now(account, "SUCCESSFUL"), lambda: account.insist("rollback", back))

    return acts

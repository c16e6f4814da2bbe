"""The flows of targets with `before`, `after` and `waits_for`."""

from __future__ import annotations

from embedded.services.ecs import Exits, HostLost, NoCapacity
from tests.dialect.account import SERVICE
from tests.reliability.account import FaultyAccount
from tests.reliability.flow import (
    ASKED,
    BAD,
    FIRST,
    GOOD,
    NEWER,
    NOT_SUPERSEDED,
    ONE,
    SUPERSEDED,
    TWO,
    Flow,
    is_now,
)

# Half an hour is longer than every fault lasts, so that none of them is a reason to give up.
_MIGRATES = 'before = {command = ["manage", "migrate"], timeout = "30m"}\n'
_SMOKES = 'after = {command = ["smoke", "--all"], timeout = "30m"}\n'
_BOTH = ONE + _MIGRATES + _SMOKES
_BEFORE = ONE + _MIGRATES
_SHORT = ONE + _MIGRATES.replace("30m", "2m")
_WAITS = _BEFORE + TWO.removeprefix(ONE) + f'waits_for = "{SERVICE}"\n'
_MINUTE = Exits(exit_code=0, after=60)


def _push(account: FaultyAccount) -> None:
    account.push(GOOD)


def _push_bad(account: FaultyAccount) -> None:
    account.push(BAD)


def _newer(account: FaultyAccount) -> None:
    """A newer image is pushed while the `before` of the older one runs."""
    account.push(GOOD)
    account.later(30, lambda: account.push(NEWER))


def _withdrawn(account: FaultyAccount) -> None:
    """A person stops it while its `before` runs."""
    account.push(GOOD)
    stop = {**ASKED, "key": "stop", "hold": False}
    account.later(30, lambda: account.insist("rollback", stop))


def _back(account: FaultyAccount) -> None:
    """A person goes back across a `before`."""
    account.push(GOOD)
    back = {**ASKED, "key": "back", "hold": False, "override": True}
    account.when(is_now(account, "SUCCESSFUL"), lambda: account.insist("rollback", back))


COMMANDS: dict[str, Flow] = {
    "before and after": Flow(_push, ((GOOD, "SUCCESSFUL"),), targets=_BOTH),
    "before fails": Flow(
        _push_bad, ((BAD, "FAILED"),), targets=_BOTH, programs={"migrate": Exits(exit_code=3)}
    ),
    "before hangs": Flow(
        _push_bad,
        ((BAD, "FAILED"),),
        targets=_SHORT,
        programs={"migrate": Exits(after=86_400)},
    ),
    "before without capacity": Flow(
        _push, ((GOOD, "SUCCESSFUL"),), targets=_BEFORE, standalone=(NoCapacity(times=2),)
    ),
    "host of before lost": Flow(
        _push_bad, ((BAD, "FAILED"),), targets=_BEFORE, standalone=(HostLost(after=4),)
    ),
    "after fails": Flow(
        _push_bad,
        ((BAD, "ROLLBACK_SUCCESSFUL"),),
        targets=_BOTH,
        programs={"smoke": Exits(exit_code=1)},
    ),
    "newer during before": Flow(
        _newer,
        ((GOOD, "SUCCESSFUL"), (NEWER, "SUCCESSFUL")),  # its own `before` takes longer than that
        otherwise=(SUPERSEDED, *NOT_SUPERSEDED),
        targets=_BEFORE,
        programs={"migrate": _MINUTE},
    ),
    "stopped during before": Flow(
        _withdrawn,
        ((GOOD, "FAILED"),),
        otherwise=(
            ((GOOD, "REFUSED"),),  # it still waited when it was stopped
            ((GOOD, "ROLLBACK_SUCCESSFUL"),),  # its rollout had begun
            ((GOOD, "SUCCESSFUL"), (FIRST, "SUCCESSFUL")),  # it was live when asked again
            ((GOOD, "SUCCESSFUL"),),  # nobody had heard of the push when it was to be stopped
        ),
        targets=_BEFORE,
        programs={"migrate": _MINUTE},
    ),
    "back across before": Flow(_back, ((GOOD, "SUCCESSFUL"), (FIRST, "SUCCESSFUL")), targets=_BOTH),
    "one waits for the other": Flow(
        _push, ((GOOD, "SUCCESSFUL"), (GOOD, "SUCCESSFUL")), targets=_WAITS
    ),
    "the other's before fails": Flow(
        _push_bad,
        ((BAD, "FAILED"), (BAD, "REFUSED")),
        targets=_WAITS,
        programs={"migrate": Exits(exit_code=3)},
    ),
}

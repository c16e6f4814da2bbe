"""The flows of targets with `before`, `after` and `waits_for`."""

from __future__ import annotations

from embedded.services.ecs import Exits, HostLost, NoCapacity
from tests.dialect.account import SERVICE
from tests.reliability.flow import (
    BAD,
    FIRST,
    GOOD,
    NEWER,
    NOT_SUPERSEDED,
    ONE,
    SUPERSEDED,
    TWO,
    Flow,
)
from tests.reliability.people import go_back, push, push_bad, push_newer, stop

# Half an hour is longer than every fault lasts, so that none of them is a reason to give up.
_MIGRATES = 'before = {command = ["manage", "migrate"], timeout = "30m"}\n'
_SMOKES = 'after = {command = ["smoke", "--all"], timeout = "30m"}\n'
_BOTH = ONE + _MIGRATES + _SMOKES
_BEFORE = ONE + _MIGRATES
_SHORT = ONE + _MIGRATES.replace("30m", "2m")
_WAITS = _BEFORE + TWO.removeprefix(ONE) + f'waits_for = "{SERVICE}"\n'
_MINUTE = Exits(exit_code=0, after=60)


COMMANDS: dict[str, Flow] = {
    "before and after": Flow(push, ((GOOD, "SUCCESSFUL"),), targets=_BOTH),
    "before fails": Flow(
        push_bad, ((BAD, "FAILED"),), targets=_BOTH, programs={"migrate": Exits(exit_code=3)}
    ),
    "before hangs": Flow(
        push_bad,
        ((BAD, "FAILED"),),
        targets=_SHORT,
        programs={"migrate": Exits(after=86_400)},
    ),
    "before without capacity": Flow(
        push, ((GOOD, "SUCCESSFUL"),), targets=_BEFORE, standalone=(NoCapacity(times=2),)
    ),
    "host of before lost": Flow(
        push_bad, ((BAD, "FAILED"),), targets=_BEFORE, standalone=(HostLost(after=4),)
    ),
    "after fails": Flow(
        push_bad,
        ((BAD, "ROLLBACK_SUCCESSFUL"),),
        targets=_BOTH,
        programs={"smoke": Exits(exit_code=1)},
    ),
    "newer during before": Flow(
        push_newer(30),
        ((GOOD, "SUCCESSFUL"), (NEWER, "SUCCESSFUL")),  # its own `before` takes longer than that
        otherwise=(SUPERSEDED, *NOT_SUPERSEDED),
        targets=_BEFORE,
        programs={"migrate": _MINUTE},
    ),
    "newer during after": Flow(
        push_newer(60),
        ((GOOD, "SUCCESSFUL"), (NEWER, "SUCCESSFUL")),
        otherwise=(SUPERSEDED, *NOT_SUPERSEDED),
        targets=ONE + _SMOKES,
        programs={"smoke": _MINUTE},
    ),
    "stopped during before": Flow(
        stop(30),
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
    "back across before": Flow(
        go_back(override=True), ((GOOD, "SUCCESSFUL"), (FIRST, "SUCCESSFUL")), targets=_BOTH
    ),
    "one waits for the other": Flow(
        push, ((GOOD, "SUCCESSFUL"), (GOOD, "SUCCESSFUL")), targets=_WAITS
    ),
    "the other's before fails": Flow(
        push_bad,
        ((BAD, "FAILED"), (BAD, "REFUSED")),
        targets=_WAITS,
        programs={"migrate": Exits(exit_code=3)},
    ),
}

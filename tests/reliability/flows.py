"""The flows: what people do, and how it ends. Each is run again with a fault at every call."""

from __future__ import annotations

from embedded.services.ecs import Crash, PullError
from tests.dialect.account import FAMILY, FIRST_TAG, SERVICE
from tests.dialect.rehearsed import NO_BREAKER, NO_ROLLBACK
from tests.reliability.account import FaultyAccount
from tests.reliability.commands import COMMANDS
from tests.reliability.flow import (
    ASKED,
    BAD,
    FIRST,
    GOOD,
    NEWER,
    NOT_SUPERSEDED,
    SUPERSEDED,
    TWO,
    Flow,
    is_now,
)
from tests.reliability.people import go_back, push_bad, push_newer, stop
from tests.reliability.scheduled import SCHEDULED
from tests.reliability.strategies import STRATEGIES


def _push(account: FaultyAccount) -> None:
    """One image under two tags: two events, one deployment."""
    account.push(GOOD, "v1.0.0")


def _by_hand(account: FaultyAccount) -> None:
    account.push(GOOD)
    again = {**ASKED, "image": FIRST_TAG, "key": "again"}
    account.later(12, lambda: account.insist("deploy", again))


def _held(account: FaultyAccount) -> None:
    """A person holds pushes, and releases what was pushed meanwhile."""
    account.insist("hold", {**ASKED, "key": "hold"})
    account.when(lambda: _holds(account), lambda: account.push(GOOD))
    _released(account, GOOD)


def _rollback_holds(account: FaultyAccount) -> None:
    """A rollback by hand holds the next push, until a person releases it."""
    go_back(hold=True)(account)
    account.when(lambda: _went_back(account), lambda: account.push(NEWER))
    _released(account, NEWER)


def _went_back(account: FaultyAccount) -> bool:
    wanted = {"cause": "rollback", "status": "SUCCESSFUL"}
    return any(wanted.items() <= record.items() for record in account.records())


def _holds(account: FaultyAccount) -> bool:
    return any(head.get("holds") for head in account.heads().values())


def _released(account: FaultyAccount, build: str) -> None:
    """Plan the release of a build for the moment when it is HELD."""
    go = {**ASKED, "key": "go"}
    account.when(is_now(account, "HELD", build), lambda: account.insist("release", go))


def _sweep(account: FaultyAccount) -> None:
    """The events of the push are lost; the next sweep finds the push."""
    account.deliver = False
    account.push(GOOD)
    account.deliver = True


def _console(account: FaultyAccount) -> None:
    account.push(GOOD)
    first = f"{FAMILY}:1"
    account.later(12, lambda: account.console(SERVICE, "update_service", taskDefinition=first))


FLOWS: dict[str, Flow] = {
    "push": Flow(_push, ((GOOD, "SUCCESSFUL"),)),
    "first meeting": Flow(
        _push,
        ((GOOD, "SUCCESSFUL"),),
        # For a quarter of an hour, nothing that hears of pushes could use the ledger, and the sweep
        # met the service meanwhile: meeting deploys nothing. The queue of failures has the event.
        otherwise=((),),
        met=False,
    ),
    "failure with rollback": Flow(
        push_bad, ((BAD, "ROLLBACK_SUCCESSFUL"),), breaks={BAD: Crash(exit_code=3)}
    ),
    "failure without a breaker": Flow(
        push_bad,
        ((BAD, "ROLLBACK_SUCCESSFUL"),),
        service=NO_BREAKER,
        breaks={BAD: PullError("not found")},
    ),
    "failure without a rollback": Flow(
        push_bad,
        ((BAD, "ROLLBACK_SUCCESSFUL"),),
        service=NO_ROLLBACK,
        breaks={BAD: Crash(exit_code=3)},
    ),
    "manual rollback": Flow(go_back(), ((GOOD, "SUCCESSFUL"), (FIRST, "SUCCESSFUL"))),
    "stopped by hand": Flow(
        stop(12),
        ((GOOD, "ROLLBACK_SUCCESSFUL"),),
        otherwise=(
            ((GOOD, "REFUSED"),),  # it still waited when it was stopped
            ((GOOD, "SUCCESSFUL"), (FIRST, "SUCCESSFUL")),  # it was live when asked again
            ((GOOD, "SUCCESSFUL"),),  # nobody had heard of the push when it was to be stopped
        ),
    ),
    "superseded": Flow(
        push_newer(12),
        SUPERSEDED,
        otherwise=NOT_SUPERSEDED,
    ),
    "superseded by hand": Flow(
        _by_hand,
        ((GOOD, "SUPERSEDED"), (FIRST, "SUCCESSFUL")),
        otherwise=(
            ((GOOD, "REFUSED"), (FIRST, "SUCCESSFUL")),
            ((FIRST, "SUCCESSFUL"),),
            ((GOOD, "SUCCESSFUL"), (FIRST, "SUCCESSFUL")),
        ),
    ),
    "two services": Flow(_push, ((GOOD, "SUCCESSFUL"), (GOOD, "SUCCESSFUL")), targets=TWO),
    "sweep": Flow(_sweep, ((GOOD, "SUCCESSFUL"),)),
    "held and released": Flow(_held, ((GOOD, "SUCCESSFUL"),)),
    "rollback holds": Flow(
        _rollback_holds, ((GOOD, "SUCCESSFUL"), (FIRST, "SUCCESSFUL"), (NEWER, "SUCCESSFUL"))
    ),
    "console": Flow(
        _console,
        ((GOOD, "SUPERSEDED"),),
        otherwise=(
            ((GOOD, "SUCCESSFUL"),),  # it waited until the other's rollout had ended
        ),
    ),
    **STRATEGIES,
    **COMMANDS,
    **SCHEDULED,
}

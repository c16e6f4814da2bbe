"""`slipway rollback --repository`: all services that follow a repository go back, in one call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from cli.change import Change
from cli.exits import BY_STATUS, LIVE, REFUSED, Declined
from cli.follow import Followed, follow, screen, silent
from cli.show import plan as shown
from cli.show.screen import say, say_json

Reply = Mapping[str, Any]
# A service is back where its own rollback went well, or where its deployment was rolled back.
_BACK = frozenset({"SUCCESSFUL", "ROLLBACK_SUCCESSFUL", "OBSERVED"})


def roll_all_back(change: Change) -> int:
    """Show the plan of each service, ask once, go back, and return 0 where every service does.

    Raises:
        Declined: when a program reads, and Slipway would refuse every one.
    """
    plans: Sequence[Reply] = change.plan()["rollbacks"]
    goes = [one["service"] for one in plans if _goes(one)]
    manner = change.manner
    if not goes and manner.as_json and not manner.dry_run:
        raise Declined("; ".join(f"{one['service']}: {_why_not(one)}" for one in plans))
    manner.show({"rollbacks": plans}, _planned(plans))
    if manner.dry_run or not goes:
        return LIVE if len(goes) == len(plans) else REFUSED
    reply = change.act(f"Roll {_services(goes)} back?")
    each: Sequence[Reply] = reply["rollbacks"]
    if manner.wait:
        return _waited(change, each)
    if manner.as_json:
        say_json(reply)
    else:
        say(*_accepted(each))
    return next((code for code in map(_code, each) if code != LIVE), LIVE)


def _goes(plan: Reply) -> bool:
    return "error" not in plan and plan["would"] != "refuse"


def _why_not(plan: Reply) -> str:
    return str(plan.get("error") or plan["reason"])


def _services(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} services"


def _planned(plans: Sequence[Reply]) -> Iterator[str]:
    for plan in plans:
        if "error" in plan:
            yield from (plan["service"], f"  cannot be planned: {plan['error']}")
        else:
            yield from shown.lines(plan)
        yield ""
    if len({one["from"]["digest"] for one in plans if "error" not in one}) > 1:
        yield "They run different images. Next: name the one that all go back to, with --to"


def _accepted(each: Sequence[Reply]) -> Iterator[str]:
    """One line a service, and how to go on with it."""
    for reply in each:
        if "error" in reply:
            yield f"{reply['service']} was not rolled back: {reply['error']}"
        else:
            yield from (f"{reply['service']}: {line}" for line in shown.accepted(reply))


def _code(reply: Reply) -> int:
    """The exit code of a service that nobody waits for: 0 while it is on its way or back."""
    if "error" in reply:
        return REFUSED
    return LIVE if reply["status"] in _BACK else BY_STATUS.get(reply["status"], LIVE)


def _waited(change: Change, each: Sequence[Reply]) -> int:
    """Watch one service after the other; `--timeout` is for all of them together."""
    functions, manner = change.functions, change.manner
    functions.call("status", {"names": True})  # the reply says what time it is on AWS
    began = functions.at
    ends: list[Reply] = []
    codes: list[int] = []
    for reply in each:
        if "error" in reply:
            ends.append(reply)
            codes.append(REFUSED)
            say(*([] if manner.as_json else _accepted([reply])))
            continue
        left = max(manner.limit - (functions.at - began), timedelta())
        watched = silent() if manner.as_json else screen()
        one = Followed(reply["service"], reply["deployment"], left, watched)
        record, code = follow(functions, one)
        ends.append(record)
        codes.append(LIVE if _is_back(record) else code)
    if manner.as_json:
        say_json({"repository": change.payload["repository"], "rollbacks": ends})
    return next((code for code in codes if code != LIVE), LIVE)


def _is_back(record: Reply) -> bool:
    """Whether the service went back: a rollback that was itself rolled back did not."""
    failed = record["cause"] == "rollback" and record["status"] == "ROLLBACK_SUCCESSFUL"
    return record["status"] in _BACK and not failed

"""outcomes -> the four figures: how often, how fast, how many fail, how fast it is well again.

The definitions follow DORA's four keys (https://dora.dev/guides/dora-metrics-four-keys/), as far as
Slipway can know them; `docs/figures.md` tells them to people.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from chalicelib.decide.outcomes import ENDS
from chalicelib.model.deployments import Cause, Status
from chalicelib.model.outcomes import Change, Figures, Outcome, Spread, Week

_WEEK = timedelta(days=7)


def changes(outcomes: Iterable[Outcome]) -> tuple[Change, ...]:
    """Return the changes of one stage's services, by service and end; the order given is the same.

    A change is a deployment that ECS had and that ended, whoever began it. A rollback by hand is
    none, and neither is somebody else's way back to a revision that ran before. It failed if it
    ended FAILED or rolled back, or if it was live and a rollback by hand left it for an earlier
    revision. What was refused, superseded or only observed is no change.
    """
    known = {one.deployment: one for one in outcomes if _counts(one)}
    ordered = sorted(known.values(), key=lambda one: (one.service, _end(one), one.deployment))
    return tuple(
        change
        for _, own in groupby(ordered, key=lambda one: one.service)
        for change in _of_a_service(list(own))
    )


def figures(found: Sequence[Change], days: int) -> Figures:
    """Return the figures of these changes, which are those of a period of `days`."""
    failed = [one for one in found if one.failed]
    restored = [one.restored for one in failed if one.restored is not None]
    return Figures(
        days=days,
        deployments=sum(one.live for one in found),
        changes=len(found),
        failed=len(failed),
        unrestored=len(failed) - len(restored),
        lead=spread([one.lead for one in found if one.lead is not None]),
        restore=spread(restored),
    )


def spread(seconds: Sequence[float]) -> Spread:
    """Return the median and the 90th percentile (nearest rank: one of the values itself)."""
    if not seconds:
        return Spread()
    ninth = sorted(seconds)[math.ceil(len(seconds) * 0.9) - 1]
    return Spread(count=len(seconds), median=statistics.median(seconds), p90=ninth)


def weeks(found: Sequence[Change], days: int, now: datetime) -> tuple[Week, ...]:
    """Return the weeks of the period that ends now (UTC), oldest first.

    A change counts in the week in which it ended.
    """
    count = math.ceil(days / 7)
    ago = [min(max((now - one.ended) // _WEEK, 0), count - 1) for one in found]
    live = Counter(number for one, number in zip(found, ago, strict=True) if one.live)
    failed = Counter(number for one, number in zip(found, ago, strict=True) if one.failed)
    return tuple(
        Week(
            begins=max(now - (number + 1) * _WEEK, now - timedelta(days=days)),
            deployments=live[number],
            failed=failed[number],
        )
        for number in reversed(range(count))
    )


def _counts(one: Outcome) -> bool:
    return one.status in ENDS and one.applied is not None and one.ended is not None


def _end(one: Outcome) -> datetime:
    assert one.ended is not None  # noqa: S101 - those without it do not count
    return one.ended


def _of_a_service(ended: Sequence[Outcome]) -> list[Change]:
    """Return the changes of one service; `ended` are its outcomes in the order of their ends."""
    ended = list(_with_ways_back(ended))
    left = _left(ended)
    found = [one for one in ended if one.cause != Cause.ROLLBACK]
    return [_change(one, ended, left.get(one.deployment)) for one in found]


def _with_ways_back(ended: Iterable[Outcome]) -> Iterator[Outcome]:
    """Yield the outcomes; somebody else's way back to an earlier revision becomes a rollback.

    It left the revision that was live last. Who goes back in the console tells the ledger nothing.
    """
    lived: set[str] = set()
    last = ""
    for one in ended:
        back = one.cause == Cause.FOREIGN and one.revision in lived and one.revision != last
        yield Outcome(**{**dict(one), "cause": Cause.ROLLBACK, "left": last}) if back else one
        if one.status == Status.SUCCESSFUL:
            lived.add(one.revision)
            last = one.revision


def _left(ended: Sequence[Outcome]) -> Mapping[str, datetime]:
    """Return each change that a rollback by hand left, and when that rollback was live.

    A rollback leaves the newest change that brought the revision which ran. Back to a later change
    is no failure of the earlier one. A change that is not known is an earlier one: the period does
    not reach back to it.
    """
    brought: dict[str, Outcome] = {}
    left: dict[str, datetime] = {}
    for one in ended:
        if one.status != Status.SUCCESSFUL:
            continue
        if one.cause != Cause.ROLLBACK:
            brought[one.revision] = one
            continue
        change, other = brought.get(one.left), brought.get(one.revision)
        if change is not None and (other is None or _end(other) < _end(change)):
            left.setdefault(change.deployment, _end(one))
    return left


def _change(one: Outcome, ended: Sequence[Outcome], left: datetime | None) -> Change:
    live = one.status == Status.SUCCESSFUL
    lead = (_end(one) - one.pushed).total_seconds() if live and one.pushed else None
    return Change(
        service=one.service,
        deployment=one.deployment,
        ended=_end(one),
        live=live,
        failed=not live or left is not None,
        lead=None if lead is None else max(lead, 0.0),
        restored=_restored(one, ended, left),
    )


def _restored(one: Outcome, ended: Sequence[Outcome], left: datetime | None) -> float | None:
    """Return how long the service was not well, in seconds; None while it is not well again.

    A live change: from when it was live until the rollback by hand was. A failed rollout: from when
    ECS had it until its own rollback was complete, or else until the next deployment was live.
    """
    if one.status == Status.SUCCESSFUL:
        return (left - _end(one)).total_seconds() if left is not None else None
    well = _end(one) if one.status == Status.ROLLBACK_SUCCESSFUL else _next_live(one, ended)
    if well is None or one.applied is None:
        return None
    return max((well - one.applied).total_seconds(), 0.0)


def _next_live(one: Outcome, ended: Sequence[Outcome]) -> datetime | None:
    later = (_end(other) for other in ended if other.status == Status.SUCCESSFUL)
    return next((at for at in later if at > _end(one)), None)

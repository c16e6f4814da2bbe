"""record + HEAD + target -> held or not: what keeps a deployment from beginning at a moment.

A deployment is HELD by a person's hold, by the hold that a rollback by hand leaves, by a freeze
window, or by an approval that nobody has given. All of them must have ended before it goes. A
rollback passes everything, and so does a deployment by hand with `override`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.decide.admit import newer
from chalicelib.decide.ready import overtaken
from chalicelib.explain.hold import approval_words, freeze_words, hold_words
from chalicelib.model import happenings as happened
from chalicelib.model.base import Frozen, Moment
from chalicelib.model.changes import changed_head
from chalicelib.model.deployments import Cause, Deployment
from chalicelib.model.freezes import frozen
from chalicelib.model.happenings import HoldEnded, Refused, Reminded, Superseded
from chalicelib.model.heads import Head
from chalicelib.model.holds import Held, Hold
from chalicelib.model.targets import Target

_NOT_IN_TIME = "nobody approved it in time. Push it again, or deploy it by hand with `override`."
DAY = timedelta(days=1)  # between two reminders


class Reason(Frozen):
    """One thing that keeps a deployment from beginning.

    `until` is when it ends by itself (UTC); None when a person has to act. `expires` is when an
    approval can no longer be given.
    """

    words: str
    until: Moment | None = None
    expires: Moment | None = None


def reasons(record: Deployment, head: Head, target: Target, now: datetime) -> tuple[Reason, ...]:
    """Return all that keeps the deployment from beginning at `now` (UTC)."""
    passes = record.override or record.cause is Cause.ROLLBACK or record.mode == "observe"
    if passes:
        return ()
    found = [Reason(words=hold_words(hold), until=hold.until) for hold in holding(head, now)]
    if (freeze := frozen(target.freeze, now)) is not None:
        found.append(Reason(words=freeze_words(freeze.freeze, freeze.until), until=freeze.until))
    if target.approval is not None and record.approval is None:
        since = record.held.since if record.held else now
        expires = since + timedelta(seconds=target.approval)
        found.append(Reason(words=approval_words(expires), expires=expires))
    return tuple(found)


def holding(head: Head, now: datetime) -> tuple[Hold, ...]:
    """Return the holds of the service that have not ended at `now` (UTC)."""
    return tuple(hold for hold in head.holds if hold.holds(now))


def kept(
    record: Deployment, head: Head, target: Target, now: datetime
) -> happened.Held | Superseded | None:
    """Return what keeps a PENDING deployment from beginning; None when nothing does.

    At most one deployment of a service is HELD. An older one than that is superseded.
    """
    found = reasons(record, head, target, now)
    if not found or _overtaken(record, head):
        return None
    held = head.held
    if held is not None and held.deployment != record.id:
        ours = record.order, record.pushed_at
        if not newer(ours, (held.order, held.pushed_at)):
            return Superseded(reason=f"a newer deployment is held ({held.deployment})")
    return _held(record, found, now)


def still_held(
    record: Deployment, head: Head, target: Target, now: datetime
) -> happened.Held | HoldEnded | Reminded | Refused | Superseded | None:
    """Return what happens to a HELD deployment at `now` (UTC); None when nothing changes.

    HEAD names the one that is HELD. Another one has lost its place to a newer one, whatever became
    of that one since.
    """
    if head.held is None:
        return Superseded(reason="a newer deployment was held in its place")
    if head.held.deployment != record.id:
        return Superseded(reason=f"a newer deployment is held ({head.held.deployment})")
    if _overtaken(record, head):
        return Superseded(reason=f"a newer deployment was applied ({head.applied_deployment})")
    found = reasons(record, head, target, now)
    if not found:
        return HoldEnded(reason=f"what held it has ended ({_words(record)})")
    if any(reason.expires and now >= reason.expires for reason in found):
        return Refused(reason=_NOT_IN_TIME)
    held = _held(record, found, now)
    before = record.held
    if before is None or (before.words, before.until) != (held.held.words, held.held.until):
        return held
    last = (held.held.reminded or held.held.since) if held.held.until is None else now
    return Reminded(at=now) if now - last >= DAY else None


def _held(record: Deployment, found: tuple[Reason, ...], now: datetime) -> happened.Held:
    ends = [reason.until for reason in found]
    known = [end for end in ends if end is not None]
    expiries = [reason.expires for reason in found if reason.expires]
    before = record.held
    words = "; ".join(reason.words for reason in found)
    return happened.Held(
        reason=words,
        held=Held(
            words=words,
            since=before.since if before else now,
            until=max(known) if len(known) == len(ends) else None,
            expires=min(expiries, default=None),
            reminded=before.reminded if before else None,
        ),
    )


def _words(record: Deployment) -> str:
    return record.held.words if record.held else record.reason


def _overtaken(record: Deployment, head: Head) -> bool:
    """Whether a newer deployment was applied that is no rollback: a rollback keeps what is held."""
    return overtaken(record, head) and not head.applied_back


def held_by(head: Head, hold: Hold) -> Head:
    """Return HEAD with this hold, in place of an earlier one of its kind."""
    others = tuple(other for other in head.holds if other.kind != hold.kind)
    return changed_head(head, holds=(*others, hold))


def held_back(by: str, why: str, since: datetime, request: str) -> Hold:
    """Return the hold that a rollback or a stop by hand leaves until somebody releases it."""
    return Hold(kind="rollback", by=by, why=why, since=since, request=request)

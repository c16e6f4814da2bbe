"""ECS event + record -> why the event says nothing new about this deployment, if it does not."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.events.service import Changed
from chalicelib.model.deployments import Deployment, Status

_ENOUGH_ENDED = 4  # tasks
_PAUSE = timedelta(seconds=5)


def no_news(record: Deployment, changed: Changed, now: datetime) -> str:
    """Return why an event says nothing new of a deployment at `now` (UTC); empty when it does.

    Two ended tasks may decide a rollout, so Slipway looks at each of the first ends. Once four
    tasks have ended, one look in five seconds is enough: the look at the next end, or at the next
    poll, also sees the tasks that ended in between.
    """
    if changed.began and changed.began == record.ecs_deployment:
        return "the event only says that its own rollout began"
    if changed.ended and changed.ended != record.ecs_deployment:
        return "the task belongs to another deployment"
    if changed.ended and record.status is Status.ROLLBACK_IN_PROGRESS:
        return "its tasks end because it is being rolled back"
    if changed.stopped_at is None or record.looked is None:
        return ""
    if record.looked >= changed.stopped_at:
        return "its tasks were read after this one stopped"
    if record.ended >= _ENOUGH_ENDED and now - record.looked < _PAUSE:
        return "its tasks were read a moment ago"
    return ""


def no_scan_news(record: Deployment) -> str:
    """Return why the end of a scan says nothing new of a deployment; empty when it waits for it.

    The event may name another digest: an index waits for the scans of its images.
    """
    return "" if record.gated else "it waits for no scan"

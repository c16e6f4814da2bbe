"""record + happening -> record: this is the only place where a deployment's record changes."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, assert_never

from chalicelib.decide.names import more_names, names
from chalicelib.decide.transitions import allowed
from chalicelib.explain.breakdown import slower, times_of
from chalicelib.explain.notice import again, notice, unheld, with_line
from chalicelib.explain.progress import progress
from chalicelib.explain.scheduled_notice import run_failed, scheduled_news
from chalicelib.explain.text import brief
from chalicelib.model import happenings as happened
from chalicelib.model.changes import changed, changed_held, changed_scheduled
from chalicelib.model.deployments import Deployment, Notice, Return, Status, ToldNotice
from chalicelib.model.happenings import (
    Applying,
    Aside,
    Happening,
    Holding,
    Noted,
    OnceLive,
    RollingBack,
    RollingOut,
    Runs,
    Waiting,
)
from chalicelib.model.images import commit_named
from chalicelib.model.stages import Pause
from chalicelib.model.times import Step

_LONGEST_REASON = 1_000  # characters; AWS' messages may quote a whole request
_TOLD_KEPT = 20
_STEPS_KEPT = 40
_SILENT = frozenset({Status.PENDING})  # no notice tells that a deployment waits


def after(record: Deployment, happening: Happening, now: datetime) -> Deployment:
    """Return the record after `happening` at `now` (UTC).

    A new status adds its notice to the outbox, and so does a permission that is newly missing. The
    notice of a failure waits until the failure's case is written. A closed record never stays in
    an attempt (`acting`).

    Raises:
        ValueError: when the table of transitions does not allow the new status. This is a fault of
            Slipway's own.
    """
    if isinstance(happening, Aside):
        return _changed_aside(record, happening)
    if isinstance(happening, OnceLive):
        return _once_live(record, happening, now)
    new = _moved(record, happening, now)
    if not allowed(record.status, new.status):
        raise ValueError(f"{record.id}: {record.status} -> {new.status} is not allowed")
    new = changed(
        new,
        reason=brief(new.reason, _LONGEST_REASON),
        denial=brief(new.denial, _LONGEST_REASON),
        acting=new.acting and new.open,
        updated=now,
        blocked=_blocked(record, happening, now),
        steps=_steps(record, new, now),
    )
    if record.open and not new.open:
        new = _closed(new, now)
    if isinstance(happening, happened.HoldEnded):
        return changed(new, notices=(*new.notices, unheld(new)))
    return changed(new, notices=(*new.notices, *_news(record, new)))


def _blocked(record: Deployment, happening: Happening, now: datetime) -> datetime | None:
    """Return when the deployment first had to wait for something before it was applied."""
    waits = isinstance(happening, happened.Waits | happened.Held | happened.LacksPermission)
    if record.blocked is None and waits and record.applied_at is None:
        return now
    return record.blocked


def _steps(before: Deployment, new: Deployment, now: datetime) -> tuple[Step, ...]:
    """Return the steps of the rollout; one is added where its stage, traffic or pause changed."""
    step = Step(at=now, stage=new.stage, traffic=new.traffic, waits=new.paused is not None)
    last = new.steps[-1] if new.steps else Step(at=now, stage="")
    same = (step.stage, step.traffic, step.waits) == (last.stage, last.traffic, last.waits)
    if same or not new.stage or new.status is not Status.IN_PROGRESS:
        return before.steps
    return (*before.steps, step)[:_STEPS_KEPT]


def _closed(record: Deployment, now: datetime) -> Deployment:
    """Return the record that is closed now.

    ECS is asked where the time went, if it rolled anything out. Otherwise the record alone tells.
    """
    record = changed(record, closed_at=now)
    if record.rolled_out:
        return changed(record, times_due=now)
    return changed(record, times=times_of(record, now))


def _moved(
    record: Deployment,
    happening: Waiting | Holding | Applying | Runs | RollingOut | RollingBack,
    now: datetime,
) -> Deployment:
    if isinstance(happening, Waiting):
        return _while_waiting(record, happening)
    if isinstance(happening, Holding):
        return _while_held(record, happening, now)
    if isinstance(happening, Applying):
        return _while_applied(record, happening, now)
    if isinstance(happening, Runs):
        return _with_run(record, happening, now)
    if isinstance(happening, RollingOut):
        return _while_rolling_out(record, happening, now)
    return _while_rolling_back(record, happening, now)


def _while_waiting(record: Deployment, happening: Waiting) -> Deployment:
    match happening:
        case happened.Waits() as waits:
            begun = record.status is Status.PREPARING
            return changed(
                record,
                status=Status.PREPARING if begun else Status.PENDING,
                reason=waits.reason,
                waiting=waits.waiting,
                gated=waits.gated,
                found_nothing=waits.found_nothing,
                unscanned="",
                denial=record.denial if waits.denial is None else waits.denial,
            )
        case happened.LooksAgain(reason=reason):
            return changed(record, reason=reason)
        case happened.LacksPermission(denial=denial):
            return changed(record, reason=denial, denial=denial)
        case happened.Refused(reason=reason):
            record = changed(_waits_no_more(record), held=None)
            return changed(record, status=Status.REFUSED, reason=reason, denial="")
        case happened.Superseded(reason=reason, noted=noted):
            record = _noted(_waits_no_more(record), noted, reason)
            return changed(record, status=Status.SUPERSEDED, held=None)
        case happened.Observed() as observed:
            return changed(
                record,
                status=Status.OBSERVED,
                base=observed.base,
                base_changes=observed.base_changes,
                reason=observed.reason,
                denial="",
            )
        case happened.Abandoned(reason=reason):
            begun = record.applied_at is not None or record.acting or record.before is not None
            status = Status.FAILED if begun else Status.REFUSED
            return changed(record, status=status, reason=reason, denial="")
        case _:
            assert_never(happening)


def _while_held(record: Deployment, happening: Holding, now: datetime) -> Deployment:
    match happening:
        case happened.Held() as held:
            return changed(
                _waits_no_more(record),
                status=Status.HELD,
                reason=held.reason,
                held=held.held,
                base_changes=held.base_changes or record.base_changes,
                acting=False,
                denial="",
            )
        case happened.HoldEnded(reason=reason):
            return changed(record, status=Status.PENDING, reason=reason, held=None)
        case happened.Released(approval=approval):
            order = max(now, record.order)
            record = changed(record, approval=approval, order=order, pushed_at=None, held=None)
            return changed(record, status=Status.PENDING, reason=f"released by {approval.by}")
        case _:
            assert_never(happening)


def _waits_no_more(record: Deployment) -> Deployment:
    return changed(record, waiting=None, gated=False, found_nothing=None)


def _while_applied(record: Deployment, happening: Applying, now: datetime) -> Deployment:
    match happening:
        case happened.AttemptBegan() as began:
            return changed(
                record,
                acting=True,
                attempted=now,
                waiting=None,
                gated=False,
                base=began.base,
                base_changes=began.base_changes or record.base_changes,
                return_to=began.return_to,
                unscanned=record.unscanned or began.unscanned,
                scheduled=began.scheduled,
            )
        case happened.NotApplied() as failed:
            return changed(
                record,
                revision=failed.revision,
                reason=failed.reason,
                acting=not failed.answered,
                denial=failed.denial,
            )
        case happened.Started() as started:
            return changed(
                record,
                status=Status.IN_PROGRESS,
                acting=False,
                denial="",
                waiting=None,
                reason="",
                revision=started.revision,
                applied_at=started.applied_at,
                began=started.began or record.began,
                deadline=started.deadline,
                ecs_deployment=started.ecs_deployment,
                service_deployment=started.service_deployment,
                desired=started.desired,
                running=started.running,
                watch_after=started.watch_after,
                has_after=started.has_after,
                has_scheduled=started.has_scheduled,
            )
        case _:
            assert_never(happening)


def _with_run(record: Deployment, happening: Runs, now: datetime) -> Deployment:
    match happening:
        case happened.Prepares(revision=revision, run=run):
            record = changed(record, revision=revision, acting=False, waiting=None, denial="")
            return changed(record, status=Status.PREPARING, reason="", before=run)
        case happened.RunNoted(kind="after", run=run):
            return changed(record, after=run)
        case happened.RunNoted(run=run, denial=denial):
            return changed(record, before=run, reason=run.reason, denial=denial)
        case happened.RunEnded(kind="after", run=run):
            return changed(record, after=run)
        case happened.RunEnded(run=run) if run.succeeded and not run.withdrawn:
            return changed(record, before=run, reason="", denial="")
        case happened.RunEnded(run=run):
            record = changed(_unexplained(record, now), before=run, denial="")
            return changed(record, status=Status.FAILED, reason=run.reason)
        case _:
            assert_never(happening)


def _while_rolling_out(record: Deployment, happening: RollingOut, now: datetime) -> Deployment:
    match happening:
        case happened.LookBegan():
            return changed(record, looked=now)
        case happened.GoesOn(noted=noted, reason=reason):
            return _noted(record, noted, reason)
        case happened.Adopted() as adopted:
            return changed(
                _noted(record, adopted.noted, adopted.reason),
                ecs_deployment=adopted.ecs_deployment,
                service_deployment="",
                began=adopted.began,
                deadline=adopted.deadline,
                stage="",
                traffic=None,
                pause=None,
                ecs_ended=None,
            )
        case happened.Succeeded(noted=noted):
            return changed(_noted(record, noted, ""), succeeded=now)
        case happened.Answered(pause=pause):
            return changed(record, pause=pause)
        case happened.Completed(noted=noted, reason=reason):
            record = changed(_noted(record, noted, reason), status=Status.SUCCESSFUL)
            if not record.has_scheduled:
                return record
            return changed(record, scheduled_due=now, scheduled=())  # they are read again now
        case happened.Failed(noted=noted, status=status, reason=reason):
            record = _unexplained(_noted(record, noted, reason), now)
            return changed(record, status=status)
        case happened.Explained(case=case, reason=reason, log=log, log_private=private):
            record = changed(record, log=log, log_private=private)
            return changed(record, unexplained=None, case=case, reason=reason)
        case _:
            assert_never(happening)


def _while_rolling_back(record: Deployment, happening: RollingBack, now: datetime) -> Deployment:
    match happening:
        case happened.RollsBack() as rolls_back:
            return changed(
                _unexplained(_noted(record, rolls_back.noted, rolls_back.reason), now),
                status=Status.ROLLBACK_IN_PROGRESS,
                returning=rolls_back.returning,
                deadline=rolls_back.deadline or record.deadline,
            )
        case happened.RollbackAsked(how=how):
            return _rollback_asked(record, how, now)
        case happened.CannotBeStopped():
            return changed(record, returning=_returning(record, "update", done=False))
        case happened.RollbackRefused(reason=reason):
            return changed(record, status=Status.ROLLBACK_FAILED, reason=reason, denial="")
        case happened.RollbackUnanswered(denial=denial):
            return changed(record, denial=denial)
        case _:
            assert_never(happening)


def _noted(record: Deployment, noted: Noted, reason: str) -> Deployment:
    """Return the record with the facts of a look at ECS. AWS answered, so no denial is left."""
    return changed(
        record,
        denial="",
        deadline=_deadline(record, noted.pause),
        stage=noted.stage or record.stage,
        traffic=record.traffic if noted.traffic is None else noted.traffic,
        pause=noted.pause or record.pause,
        ecs_ended=noted.ecs_ended or record.ecs_ended,
        reason=reason or record.reason,
        desired=record.desired if noted.desired is None else noted.desired,
        running=record.running if noted.running is None else noted.running,
        looked=noted.looked or record.looked,
        ended=record.ended if noted.ended is None else noted.ended,
        ecs_deployment=noted.ecs_deployment or record.ecs_deployment,
        service_deployment=noted.service_deployment or record.service_deployment,
    )


def _deadline(record: Deployment, seen: Pause | None) -> datetime | None:
    """Return the deadline, later by as long as the pause lasted that has ended now."""
    known = record.paused
    if known is None or seen is None or record.deadline is None:
        return record.deadline
    ended = seen.ended if seen.hooks == known.hooks else seen.since
    return record.deadline if ended is None else record.deadline + (ended - known.since)


def _unexplained(record: Deployment, now: datetime) -> Deployment:
    """Return the record marked as failed at `now`, unless it is marked or has its case already."""
    explains = record.unexplained is None and not record.case
    return changed(record, unexplained=now) if explains else record


def _rollback_asked(
    record: Deployment, how: Literal["stop", "update"], now: datetime
) -> Deployment:
    """Return the record whose rollback begins now; it has as much time as when it was decided."""
    asked = _returning(record, how, done=True)
    given = record.deadline - asked.began if record.deadline else None
    return changed(
        record,
        returning=Return(by=asked.by, how=how, began=now, done=True),
        deadline=None if given is None else now + given,
    )


def _returning(record: Deployment, how: Literal["stop", "update"], *, done: bool) -> Return:
    if record.returning is None:
        raise ValueError(f"{record.id}: a rollback was asked for, but none was decided")
    return Return(by=record.returning.by, how=how, began=record.returning.began, done=done)


def _changed_aside(record: Deployment, happening: Aside) -> Deployment:
    match happening:
        case happened.Confirmed(image=image):
            return changed(
                record,
                unconfirmed=False,
                image=image.uri,
                pushed_at=image.pushed_at,
                tags=names(record.tag, (*record.tags, *image.tags)),
                commit=commit_named((record.tag, *image.tags)),
                denial="",
                reason="",
            )
        case happened.RevisionFound(revision=revision):
            return changed(record, revision=revision)
        case happened.Told(unsent=unsent, slack=slack):
            told = _told(record, unsent)
            return changed(record, notices=unsent, told=told, slack=slack or record.slack)
        case happened.ImageMissing(notice=missing):
            return changed(record, notices=(*record.notices, missing))
        case happened.CalledAlso(tag=tag):
            return changed(record, tags=more_names(record.tag, record.tags, tag))
        case happened.PushedAgain(tag=tag, order=order):
            tags = more_names(record.tag, record.tags, tag)
            return changed(record, tags=tags, order=max(order, record.order))
        case happened.Reminded(at=at):
            held = changed_held(record.held, reminded=at) if record.held else None
            return changed(record, held=held, notices=(*record.notices, again(record, at)))
        case happened.WatcherStarted(number=number):
            return changed(record, watcher=number)
        case _:
            assert_never(happening)


def _once_live(record: Deployment, happening: OnceLive, now: datetime) -> Deployment:
    match happening:
        case happened.ScheduledNoted() as noted:
            return _with_scheduled(record, noted, now)
        case happened.RunSeen(run=run):
            told = () if run.succeeded else (run_failed(record, run, now),)
            return changed(record, after=run, notices=(*record.notices, *told))
        case happened.Timed(times=times):
            notices = _with_line(record, slower(times))
            return changed(record, times=times, times_due=None, notices=notices)
        case _:
            assert_never(happening)


def _with_line(record: Deployment, line: str) -> tuple[Notice, ...]:
    """Return the notices; the one that tells how the deployment ended has this line too."""
    last = notice(record).id
    return tuple(with_line(one, line) if one.id == last else one for one in record.notices)


def _with_scheduled(
    record: Deployment, noted: happened.ScheduledNoted, now: datetime
) -> Deployment:
    """Return the record with its scheduled tasks, and the notice of what people have to know."""
    due = None if noted.ended else record.scheduled_due
    record = changed(record, scheduled=noted.changes, scheduled_due=due)
    news = None if record.is_task else scheduled_news(record, now)  # a [[task]]'s status tells it
    if news is None:
        return record
    told = tuple(changed_scheduled(one, told=one.tells) for one in record.scheduled)
    return changed(record, scheduled=told, notices=(*record.notices, news))


def _told(record: Deployment, unsent: tuple[Notice, ...]) -> tuple[ToldNotice, ...]:
    """Return what people were told: what was known, and the notices that are unsent no more."""
    waiting = {notice.id for notice in unsent}
    sent = (notice for notice in record.notices if notice.id not in waiting)
    new = (ToldNotice(at=each.at, status=each.status, subject=each.subject) for each in sent)
    return (*record.told, *new)[-_TOLD_KEPT:]


def _news(before: Deployment, new: Deployment) -> tuple[Notice, ...]:
    """Return the notices of this change: of a new status, a missing permission, or progress."""
    if new.unexplained is not None:
        return ()
    if before.unexplained is not None:
        failure = notice(changed(new, denial=""))
        return (failure, notice(new)) if new.denied else (failure,)
    moves = new.status is not before.status and new.status not in _SILENT
    lacks_another = new.denied and new.missing_permission != before.missing_permission
    return (notice(new),) if moves or lacks_another else progress(before, new)

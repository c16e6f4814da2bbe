"""What a record becomes when something happens to it."""

from __future__ import annotations

from typing import get_args, get_type_hints

import pytest

from chalicelib.decide.after import after
from chalicelib.decide.transitions import TRANSITIONS
from chalicelib.model import changes
from chalicelib.model.base import Frozen
from chalicelib.model.deployments import Deployment, Notice, Return, Status
from chalicelib.model.happenings import (
    Explained,
    GoesOn,
    Happening,
    LacksPermission,
    LooksAgain,
    Noted,
    Refused,
    Reminded,
    RollbackAsked,
    RollsBack,
    Told,
    Waits,
)
from chalicelib.model.heads import Before, Head, Proven
from chalicelib.model.runs import TaskRun
from tests.decide.leads_to import LEADS_TO
from tests.fixtures import examples
from tests.fixtures.examples import at


def test_every_status_but_held_is_reached_by_something_that_happens() -> None:
    assert set(Status) - LEADS_TO.keys() == {Status.HELD}


@pytest.mark.parametrize(
    ("fields", "model"),
    [
        (changes.DeploymentFields, Deployment),
        (changes.HeadFields, Head),
        (changes.ProvenFields, Proven),
        (changes.NoticeFields, Notice),
        (changes.RunFields, TaskRun),
        (changes.BeforeFields, Before),
    ],
    ids=["deployment", "head", "proven", "notice", "run", "before"],
)
def test_a_field_that_may_change_has_the_type_of_the_model(
    fields: type, model: type[Frozen]
) -> None:
    of_the_model = get_type_hints(model)
    assert get_type_hints(fields).items() <= of_the_model.items()


def test_nothing_that_happens_is_forgotten() -> None:
    """Each happening of the module is one that `after` takes."""
    from chalicelib.model import happenings  # noqa: PLC0415 - the module itself is looked at

    defined = {
        value
        for value in vars(happenings).values()
        if isinstance(value, type) and value.__module__ == happenings.__name__
    }
    assert set(get_args(Happening)) == defined - {Noted}


def test_a_reason_is_one_line_and_cut_to_size() -> None:
    reason = "x\nNow: all is well " + "y" * 100_000
    record = after(examples.deployment(), Waits(reason=reason), at(1))
    assert len(record.reason) == 1_000
    assert record.reason.startswith("x Now: all is well yyy")


@pytest.mark.parametrize(
    ("before", "then"),
    [
        (before, then)
        for before in Status
        for then in LEADS_TO
        if (before, then) != (Status.PREPARING, Status.PENDING)
    ],
    ids=lambda status: status.value,
)
def test_only_what_the_table_allows_is_written(before: Status, then: Status) -> None:
    record = examples.deployment(status=before)
    if before == then or then in TRANSITIONS[before]:
        written = after(record, LEADS_TO[then], at(1))
        assert (written.status, written.updated) == (then, at(1))
    else:
        with pytest.raises(ValueError, match="is not allowed"):
            after(record, LEADS_TO[then], at(1))


def test_one_that_has_prepared_stays_so_while_it_waits_to_be_applied() -> None:
    waits = LEADS_TO[Status.PENDING]
    record = after(examples.preparing(), waits, at(1))
    assert (record.status, record.reason) == (Status.PREPARING, "a rollout ends first")


@pytest.mark.parametrize("then", sorted(TRANSITIONS[Status.PENDING] & LEADS_TO.keys()))
def test_a_change_of_status_is_told_once(then: Status) -> None:
    record = after(examples.deployment(), LEADS_TO[then], at(1))
    record = after(record, Explained(case="", reason="it crashed"), at(1))
    assert [notice.status for notice in record.notices] == [then]
    again = after(record, LooksAgain(reason="more is known"), at(2))
    assert again.notices == record.notices


def test_nobody_is_told_that_a_deployment_waits_its_turn() -> None:
    assert after(examples.deployment(), Waits(reason="a rollout ends first"), at(1)).notices == ()


def test_a_failure_is_told_once_its_case_is_made() -> None:
    failed = after(examples.rolling_out(), LEADS_TO[Status.FAILED], at(1))
    assert (failed.notices, failed.unexplained) == ((), at(1))
    told = after(failed, Explained(case="it ran out of memory", reason="it crashed"), at(2))
    assert [notice.status for notice in told.notices] == [Status.FAILED]
    assert (told.unexplained, told.case) == (None, "it ran out of memory")


def test_a_rollback_has_its_whole_time_also_when_ecs_could_only_be_asked_later() -> None:
    """Denied for half an hour, it was called failed two seconds after ECS had begun it."""
    returning = Return(by="slipway", how="update", began=at(60))
    decided = RollsBack(noted=Noted(), reason="crashed", returning=returning, deadline=at(1860))
    record = after(examples.rolling_out(), decided, at(60))
    assert after(record, RollbackAsked(how="update"), at(60)).deadline == at(1860)
    late = after(record, RollbackAsked(how="update"), at(1900))
    assert late.deadline == at(3700)
    assert late.returning == Return(by="slipway", how="update", began=at(1900), done=True)


def test_a_closed_deployment_acts_no_more() -> None:
    acting = examples.deployment(acting=True)
    assert after(acting, LooksAgain(reason="no answer yet"), at(1)).acting
    assert not after(acting, Refused(reason="no such image"), at(1)).acting


def test_notices_wait_in_the_order_of_what_happened() -> None:
    record = after(examples.deployment(), LEADS_TO[Status.IN_PROGRESS], at(1))
    record = after(record, LEADS_TO[Status.FAILED], at(2))
    record = after(record, Explained(case="", reason="it crashed"), at(2))
    assert [notice.status for notice in record.notices] == [Status.IN_PROGRESS, Status.FAILED]


@pytest.mark.parametrize(
    ("denial", "told"),
    [
        pytest.param("could not x: watch may not ecs:A on r", 0, id="the same, met by another"),
        pytest.param("could not x: sweep may not ecs:B on r", 1, id="another permission"),
        pytest.param("", 0, id="none any more"),
    ],
)
def test_a_missing_permission_is_told_once_whichever_function_meets_it(
    denial: str, told: int
) -> None:
    record = examples.rolling_out(denial="could not x: sweep may not ecs:A on r")
    happening = LacksPermission(denial=denial) if denial else GoesOn(noted=Noted())
    assert len(after(record, happening, at(60)).notices) == told


def test_a_record_keeps_the_last_twenty_notices_that_people_were_told() -> None:
    record = examples.deployment()
    for number in range(25):
        record = after(record, Reminded(at=at(number)), at(number))
        record = after(record, Told(unsent=()), at(number))
    assert [told.at for told in record.told] == [at(number) for number in range(5, 25)]
    assert record.notices == ()

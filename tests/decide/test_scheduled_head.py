"""HEAD names the deployment whose revision the scheduled tasks run: the newest that is live."""

from __future__ import annotations

from chalicelib.decide.happened import happened
from chalicelib.model.deployments import Deployment, Status
from chalicelib.model.happenings import Completed, Noted
from chalicelib.model.heads import Head
from tests.fixtures.examples import NAME, NOW, at, deployment, revision


def _live(head: Head, record: Deployment) -> tuple[Head, Deployment]:
    return happened(head, record, Completed(noted=Noted()), at(600))


def _rolled_out(name: str, order: float, **fields: object) -> Deployment:
    base = {"status": Status.IN_PROGRESS, "has_scheduled": True, "revision": revision(8)}
    return deployment(id=name, order=at(order), applied_at=at(order), **{**base, **fields})


def test_a_live_deployment_is_named_and_its_scheduled_tasks_are_due() -> None:
    head, record = _live(Head(service=NAME, order=NOW), _rolled_out("first", 0))
    assert head.scheduled == "first"
    assert record.scheduled_due == at(600)


def test_a_newer_one_takes_its_place() -> None:
    head, _ = _live(Head(service=NAME, order=NOW), _rolled_out("first", 0))
    head, _ = _live(head, _rolled_out("second", 60))
    assert head.scheduled == "second"


def test_an_older_one_that_is_called_successful_late_does_not() -> None:
    head, _ = _live(Head(service=NAME, order=NOW), _rolled_out("second", 60))
    head, _ = _live(head, _rolled_out("first", 0))
    assert head.scheduled == "second"


def test_where_nothing_follows_nothing_is_due() -> None:
    head, record = _live(
        Head(service=NAME, order=NOW), _rolled_out("first", 0, has_scheduled=False)
    )
    assert (head.scheduled, record.scheduled_due) == ("", None)

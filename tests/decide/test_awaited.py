"""record + HEAD of the service that it waits for -> waits, refused or goes on."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.decide.awaited import awaited
from chalicelib.model.deployments import OPEN, Status
from chalicelib.model.happenings import Refused, Waits
from chalicelib.model.heads import Before, Head, Proven
from chalicelib.model.holds import Approval
from chalicelib.model.runs import RunOutcome
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, OTHER_DIGEST, at, recent, revision

WEB = "conflicto-dev/web"
FOLLOWS = examples.target(waits_for=WEB, deadline="30m")
BADLY = sorted(set(RunOutcome) - {RunOutcome.SUCCEEDED})
CLOSED = sorted(set(Status) - OPEN - {Status.REFUSED})


def _before(outcome: RunOutcome | None, name: str = "w-1", digest: str = DIGEST) -> Before:
    return Before(
        deployment=name, revision=revision(3), digest=digest, began=at(0), outcome=outcome
    )


def _web(**fields: Any) -> Head:
    return examples.head(service=WEB, **fields)


SUCCEEDED, RUNS = _before(RunOutcome.SUCCEEDED), _before(None)
PROVEN = Proven(revision=revision(3), first=at(-9), digest=DIGEST)


@pytest.mark.parametrize(
    ("head", "seconds"),
    [
        pytest.param(_web(befores=(SUCCEEDED,)), 1, id="the `before` ended well"),
        pytest.param(_web(befores=(SUCCEEDED,)), 99_999, id="it ended well, and it is late"),
        pytest.param(
            _web(befores=(_before(None, "w-2", OTHER_DIGEST), SUCCEEDED)),
            1,
            id="that of another digest runs",
        ),
        pytest.param(
            _web(befores=(SUCCEEDED, _before(RunOutcome.FAILED, "w-0"))),
            1,
            id="it failed once, and ended well since",
        ),
        pytest.param(_web(proven=(PROVEN,)), 1, id="the digest ran there before"),
    ],
)
def test_it_goes_on_once_its_digest_is_prepared_there(head: Head, seconds: float) -> None:
    assert awaited(examples.deployment(), FOLLOWS, head, at(seconds)) is None


@pytest.mark.parametrize(
    ("head", "seconds", "reason"),
    [
        pytest.param(
            _web(befores=(RUNS,)),
            99_999,
            f"the `before` task of {WEB} runs (w-1)",
            id="the `before` runs",
        ),
        pytest.param(
            _web(befores=(_before(None, "w-2"), SUCCEEDED)),
            1,
            f"the `before` task of {WEB} runs (w-2)",
            id="it runs again",
        ),
        pytest.param(
            _web(befores=(_before(RunOutcome.SUCCEEDED, "w-2", OTHER_DIGEST),)),
            1,
            f"it waits for the `before` task of {WEB}",
            id="only that of another digest ended",
        ),
        *(
            pytest.param(
                _web(recent=(recent(status=status),)),
                99_999,
                f"it waits for the `before` task of {WEB}",
                id=f"the deployment there is {status}",
            )
            for status in sorted(OPEN)
        ),
        pytest.param(
            _web(recent=(recent(status=Status.REFUSED),)),
            1,
            f"it waits for the `before` task of {WEB}",
            id="the deployment there was refused, and another may come",
        ),
        pytest.param(
            _web(), 1799, f"it waits for the `before` task of {WEB}", id="nothing there yet"
        ),
        pytest.param(
            None, 1799, f"it waits for the `before` task of {WEB}", id="no such service met yet"
        ),
    ],
)
def test_it_waits_until_the_end_is_known(head: Head | None, seconds: float, reason: str) -> None:
    found = awaited(examples.deployment(), FOLLOWS, head, at(seconds))
    assert found == Waits(reason=reason)


@pytest.mark.parametrize("outcome", BADLY)
def test_it_is_refused_when_the_before_did_not_end_well(outcome: RunOutcome) -> None:
    head = _web(befores=(_before(outcome, "w-2"), SUCCEEDED), proven=(PROVEN,))
    found = awaited(examples.deployment(), FOLLOWS, head, at(1))
    assert found == Refused(reason=f"the `before` task of {WEB} did not end well (w-2)")


@pytest.mark.parametrize("status", CLOSED)
def test_it_is_refused_when_the_deployment_there_ended_without_one(status: Status) -> None:
    head = _web(recent=(recent(status=status, name="w-1"),))
    found = awaited(examples.deployment(), FOLLOWS, head, at(1))
    assert found == Refused(reason=f"w-1 of {WEB} is {status}; its `before` task never ran")


@pytest.mark.parametrize(
    ("keys", "fields", "seconds", "within"),
    [
        pytest.param({}, {}, 1800, "30 minutes", id="since it was recorded"),
        pytest.param(
            {},
            {"approval": Approval(by="ana", why="tested", at=at(7200))},
            9000,
            "30 minutes",
            id="since it was approved",
        ),
        pytest.param({"deadline": "90s"}, {}, 90, "90 seconds", id="a deadline of 90 s"),
        pytest.param({"deadline": "1m"}, {}, 60, "1 minute", id="a deadline of a minute"),
    ],
)
@pytest.mark.parametrize(
    "head",
    [None, _web(), _web(recent=(recent(status=Status.REFUSED),))],
    ids=["no such service", "nothing there", "refused there"],
)
def test_it_is_refused_when_nothing_began_there_in_time(
    keys: dict[str, Any], fields: dict[str, Any], seconds: float, within: str, head: Head | None
) -> None:
    follows = examples.target(waits_for=WEB, **{"deadline": "30m", **keys})
    record = examples.deployment(**fields)
    assert isinstance(awaited(record, follows, head, at(seconds - 1)), Waits)
    assert awaited(record, follows, head, at(seconds)) == Refused(
        reason=f"no deployment of this image to {WEB} began within {within}, and this one waits "
        "for its `before` task. Deploy it there first."
    )


@pytest.mark.parametrize(
    ("keys", "fields"),
    [
        pytest.param({}, {}, id="its target waits for none"),
        pytest.param({"waits_for": WEB}, {"goes_to": revision(6)}, id="a rollback"),
        pytest.param({"waits_for": WEB}, {"override": True}, id="with override"),
    ],
)
def test_some_wait_for_nothing(keys: dict[str, Any], fields: dict[str, Any]) -> None:
    head = _web(befores=(_before(RunOutcome.FAILED),))
    target, record = examples.target(**keys), examples.deployment(**fields)
    assert awaited(record, target, head, at(99_999)) is None

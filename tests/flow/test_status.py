"""status request -> the records asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.errors import Denied, Refused, Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.image_event import image_event
from chalicelib.flow.status import tell_status
from chalicelib.model.services import ServiceTask, StoppedTask
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, NAME, OTHER_DIGEST, at, push_event
from tests.flow.fakes import Aws, Fault, aws

WEB = examples.target(service="web")
CONTRACT = {
    "deployment", "service", "status", "image", "digest", "tag", "commit", "revision",
    "cause", "by", "why", "created", "updated", "case", "tags", "proven", "request",
}  # fmt: skip


@pytest.fixture
def world() -> Aws:
    """Two services that follow one repository, after two pushes."""
    made = aws(examples.target(), WEB)
    image_event(made.world(), push_event())
    made.images.all.append(examples.image(OTHER_DIGEST, tags=("def5678", "v2")))
    image_event(made.world(), push_event(OTHER_DIGEST, "def5678", at(30)))
    return made


def test_what_a_rollback_may_go_to_is_said_to_be_proven(world: Aws) -> None:
    assert [
        one["proven"] for one in tell_status(world.world(), {"service": NAME})["deployments"]
    ] == [
        False,
        False,
    ]
    world.services.complete(NAME)
    advance(world.world(), NAME, world.record().id)
    newest, older = tell_status(world.world(), {"service": NAME})["deployments"]
    assert (newest["proven"], older["proven"]) == (True, False)
    (one,) = tell_status(world.world(), {"deployment": newest["deployment"]})["deployments"]
    assert one["proven"]


def test_every_field_of_the_contract_is_replied(world: Aws) -> None:
    (newest, *_) = tell_status(world.world(), {"service": NAME})["deployments"]
    assert newest.keys() >= CONTRACT
    assert newest["service"] == NAME
    assert newest["status"] == "IN_PROGRESS"
    assert newest["image"] == f"{examples.URI}@{OTHER_DIGEST}"
    assert newest["digest"] == OTHER_DIGEST
    assert newest["tag"] == newest["commit"] == "def5678"
    assert newest["revision"] == "conflicto-backend-dev:10"
    assert newest["cause"] == "push"
    assert newest["tags"] == ["def5678", "v2"]
    assert newest["request"] == "invocation-2"
    assert newest["created"] == "2026-03-02T10:17:30.000Z"
    assert newest["updated"] >= newest["created"]


def test_a_reply_is_plain_json(world: Aws) -> None:
    reply = tell_status(world.world(), {})
    assert json.loads(json.dumps(reply)) == reply


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        pytest.param({}, [(NAME, 1), ("web", 1), (NAME, 0), ("web", 0)], id="all"),
        pytest.param(None, [(NAME, 1), ("web", 1), (NAME, 0), ("web", 0)], id="no payload"),
        pytest.param({"service": NAME}, [(NAME, 1), (NAME, 0)], id="a service"),
        pytest.param({"service": WEB.name, "image": "def5678"}, [("web", 1)], id="a service's tag"),
        pytest.param({"image": "v2"}, [(NAME, 1), ("web", 1)], id="any of its tags"),
        pytest.param({"image": DIGEST}, [(NAME, 0), ("web", 0)], id="a digest"),
        pytest.param(
            {"image": f"{examples.URI}@{OTHER_DIGEST}"}, [(NAME, 1), ("web", 1)], id="an image"
        ),
        pytest.param({"image": "other"}, [], id="an image that was never deployed"),
    ],
)
def test_the_records_asked_for_come_newest_first(
    world: Aws, payload: dict[str, str] | None, found: list[tuple[str, int]]
) -> None:
    records = tell_status(world.world(), payload)["deployments"]
    names = {NAME: NAME, WEB.name: "web"}
    digests = [DIGEST, OTHER_DIGEST]
    seen = [(names[one["service"]], digests.index(one["digest"])) for one in records]
    assert sorted(seen) == sorted(found)
    assert [number for _, number in seen] == [number for _, number in found]


@pytest.mark.parametrize("with_service", [True, False])
def test_one_deployment_is_found_by_its_id(world: Aws, with_service: bool) -> None:
    identity = world.record().id
    payload = {"deployment": identity} | ({"service": NAME} if with_service else {})
    (found,) = tell_status(world.world(), payload)["deployments"]
    assert found["deployment"] == identity


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        pytest.param({"deployment": "d-1"}, "the ledger has no deployment d-1", id="deployment"),
        pytest.param(
            {"service": "x/y"},
            "no target is named 'x/y' .CLUSTER/SERVICE.; the targets are",
            id="service",
        ),
        pytest.param({"servce": "x"}, "`servce`", id="an unknown key"),
        pytest.param({"service": 7}, "`service`", id="a number"),
        pytest.param("text", "`payload`", id="no object"),
    ],
)
def test_what_is_not_known_is_refused(world: Aws, payload: Any, error: str) -> None:
    with pytest.raises(Refused, match=error):
        tell_status(world.world(), payload)


def test_at_most_twenty_of_a_service_are_replied() -> None:
    world = aws()
    for number in range(25):
        record = examples.deployment(id=f"d-{number:02}", created=at(number))
        world.ledger.records[NAME, record.id] = record
    records = tell_status(world.world(), {"service": NAME})["deployments"]
    assert [one["deployment"] for one in records] == [f"d-{n:02}" for n in range(24, 4, -1)]


def test_an_image_is_found_among_older_records_than_are_listed() -> None:
    world = aws()
    for number in range(25):
        record = examples.deployment(id=f"d-{number:02}", created=at(number), tag=f"t{number}")
        world.ledger.records[NAME, record.id] = record
    (found,) = tell_status(world.world(), {"service": NAME, "image": "t1"})["deployments"]
    assert found["deployment"] == "d-01"


# What ECS runs at this moment


def _now(world: Aws) -> dict[str, Any]:
    found: dict[str, Any] = tell_status(world.world(), {"service": NAME, "now": True})["now"]
    return found


def _live() -> Aws:
    world = aws()
    image_event(world.world(), push_event())
    world.services.complete(NAME)
    advance(world.world(), NAME, world.record().id)
    return world


def test_now_says_what_slipway_deployed_and_its_tasks() -> None:
    world = _live()
    found = _now(world)
    assert (found["by"], found["deployment"]) == ("Slipway", world.record().id)
    assert (found["revision"], found["digest"]) == ("conflicto-backend-dev:8", DIGEST)
    assert (found["tags"], found["stage"]) == (["abc1234"], "COMPLETED")
    assert found["tasks"] == {"desired": 2, "running": 2, "pending": 0}
    assert [one["revision"] for one in found["deployments"]] == ["conflicto-backend-dev:8"]
    assert json.loads(json.dumps(found)) == found


def test_now_says_what_runs_after_a_deployment_in_the_console() -> None:
    world = _live()
    world.services.begin(NAME, examples.revision(7))
    found = _now(world)
    assert (found["by"], found["deployment"]) == ("somebody else", "")
    assert (found["revision"], found["digest"]) == ("conflicto-backend-dev:7", examples.OLD_DIGEST)
    assert (found["stage"], [one["status"] for one in found["deployments"]]) == (
        "IN_PROGRESS",
        ["PRIMARY", "ACTIVE"],
    )


def test_now_says_that_slipway_put_back_what_ran_before() -> None:
    world = aws()
    image_event(world.world(), push_event())
    world.services.breaker(NAME)
    advance(world.world(), NAME, world.record().id)
    found = _now(world)
    assert (found["by"], found["revision"]) == ("Slipway", "conflicto-backend-dev:7")
    world.services.rolled_back(NAME)
    advance(world.world(), NAME, world.record().id)
    assert _now(world)["deployment"] == world.record().id


def test_now_of_a_service_that_nobody_met_or_that_is_gone_is_said() -> None:
    world = aws()
    assert (_now(world)["by"], _now(world)["revision"]) == (
        "somebody else",
        "conflicto-backend-dev:7",
    )
    world.services.all.clear()
    assert _now(world)["status"] == "MISSING"


def test_without_now_ecs_is_not_asked() -> None:
    world = _live()
    world.restart()
    assert "now" not in tell_status(world.world(), {"service": NAME})
    assert not {"service", "services", "task_definition"} & set(world.calls)


@pytest.mark.parametrize(
    ("payload", "error"),
    [({"now": True}, "`now` looks at one service"), ({"service": NAME, "now": "yes"}, "`now`")],
)
def test_now_needs_a_service_and_is_true_or_false(payload: Any, error: str) -> None:
    with pytest.raises(Refused, match=error):
        tell_status(aws().world(), payload)


# The story of one deployment


def test_one_deployment_tells_its_story() -> None:
    world = _live()
    record = world.record()
    (one,) = tell_status(world.world(), {"deployment": record.id})["deployments"]
    assert (one["from"], one["to"]) == ("conflicto-backend-dev:7", "conflicto-backend-dev:8")
    assert [entry["what"].split(":")[0] for entry in one["timeline"]] == [
        "recorded", "applied", "ended SUCCESSFUL",
    ]  # fmt: skip
    assert [(told["status"], told["subject"].split(": ")[1]) for told in one["notices"]] == [
        ("IN_PROGRESS", "abc1234 is being deployed"), ("SUCCESSFUL", "abc1234 is live"),
    ]  # fmt: skip
    assert json.loads(json.dumps(one)) == one


def test_a_list_of_deployments_tells_no_stories() -> None:
    (one,) = tell_status(_live().world(), {"service": NAME})["deployments"]
    assert not {"timeline", "notices", "from", "to"} & one.keys()


# The tasks


def _task(number: int, **fields: Any) -> ServiceTask:
    base = {
        "id": f"{number:032x}", "task_definition": examples.revision(8), "status": "RUNNING",
        "health": "HEALTHY", "ecs_deployment": "ecs-svc/2", "created_at": at(number),
        "started_at": at(number + 9),
    }  # fmt: skip
    return ServiceTask(**{**base, **fields})


def _ended(number: int, **fields: Any) -> ServiceTask:
    end = StoppedTask(id=f"{number:032x}", **fields)
    return _task(number, status="STOPPED", health="UNKNOWN", started_at=None, end=end)


def test_now_lists_the_tasks_and_why_they_ended() -> None:
    world = _live()
    ended = _ended(1, reason="Essential container in task exited", exit_code=137)
    world.services.tasks = [_task(2), ended]
    runs, stopped = _now(world)["task_list"]
    assert runs == {
        "id": f"{2:032x}",
        "revision": "conflicto-backend-dev:8",
        "status": "RUNNING",
        "health": "HEALTHY",
        "started": "2026-03-02T10:15:41.000Z",
        "created": "2026-03-02T10:15:32.000Z",
        "reason": "",
        "exit": None,
        "deployment": "ecs-svc/2",
    }
    assert (stopped["started"], stopped["exit"]) == ("", 137)
    assert stopped["reason"] == "Essential container in task exited"
    assert _now(world)["deployments"][0]["id"] == "ecs-svc/conflicto-dev/" + (
        "conflicto-backend-service-dev/2"
    )
    assert "unknown" not in _now(world)


def test_a_secret_in_a_tasks_reason_is_masked() -> None:
    world = _live()
    world.services.tasks = [_ended(1, container_reason="failed: password=hunter2hunter2")]
    assert "hunter2" not in json.dumps(_now(world))


def test_at_most_fifty_tasks_are_listed_and_the_others_are_said() -> None:
    world = _live()
    world.services.tasks = [_task(number) for number in range(60)]
    found = _now(world)
    assert len(found["task_list"]) == 50
    assert found["unknown"] == "there are 60 tasks; the newest 50 are listed"
    world.services.tasks = [_task(number) for number in range(500)]
    assert _now(world)["unknown"].startswith("there are at least 500 tasks")


@pytest.mark.parametrize("error", [Denied("status may not ecs:ListTasks"), Unavailable("no")])
def test_now_is_answered_also_when_the_tasks_cannot_be_read(error: Exception) -> None:
    world = _live()
    world.restart()
    world.faults = [Fault(0, error, name="service_tasks")]
    found = _now(world)
    assert (found["revision"], found["task_list"]) == ("conflicto-backend-dev:8", [])
    assert found["unknown"] == f"the tasks could not be read: {error}"

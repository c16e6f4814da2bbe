"""push -> record -> registered -> updated -> verdict, as the list of acts shows it."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.definition.render import PROVENANCE
from chalicelib.errors import Conflict, Denied, Refused, Unanswered, Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.deploy import deploy_by_hand
from chalicelib.flow.image_event import image_event
from chalicelib.model.deployments import Deployment, Status
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, NAME, OTHER_DIGEST, at, push_event, revision
from tests.flow.fakes import Aws, Died, Fault, aws

WEB, WORKER = examples.target(service="web"), examples.target(service="worker")


def _step(world: Aws, record: Deployment | None = None) -> Deployment:
    record = record or world.record()
    return advance(world.world(), record.service, record.id)


def _pushed(**fields: Any) -> Aws:
    """After the push of the examples' image: its rollout is under way."""
    world = aws(examples.target(**fields))
    image_event(world.world(), push_event())
    return world


def test_a_push_is_recorded_registered_and_rolled_out_at_once() -> None:
    world = aws()
    (outcome,) = image_event(world.world(), push_event())
    assert (outcome.outcome, outcome.service, outcome.status) == ("recorded", NAME, "IN_PROGRESS")
    assert world.acts == [
        "start 1",
        "register",
        "update conflicto-backend-dev:8",
        "publish IN_PROGRESS",
    ]
    record = world.record()
    assert record.revision == revision(8)
    assert record.return_to == revision(7)
    assert record.base == revision(7)
    assert record.deadline == world.now + (at(1800) - at(0))
    assert not record.acting


def test_what_is_registered_is_the_image_by_digest_with_its_provenance() -> None:
    world = _pushed()
    made = world.services.definitions[revision(8)]
    images = [container["image"] for container in made.body["containerDefinitions"]]
    assert images == [f"{examples.URI}@{DIGEST}", "public.ecr.aws/appmesh/envoy:v1"]
    assert made.body["unknownToTheSdk"] == {"kept": True, "empty": ""}
    assert made.tags[PROVENANCE] == world.record().id


def test_a_rollout_ends_as_ecs_says_and_proves_its_revision() -> None:
    world = _pushed()
    assert _step(world).status is Status.IN_PROGRESS
    world.services.complete(NAME)
    record = _step(world)
    assert record.status is Status.SUCCESSFUL
    assert world.told == ["IN_PROGRESS", "SUCCESSFUL"]
    head = world.ledger.heads[NAME]
    assert head.open_deployments == ()
    assert head.lease is None
    assert [one.revision for one in head.proven] == [revision(8), revision(7)]
    assert (head.proven[0].deployment, head.proven[0].tag) == (record.id, "abc1234")


def test_a_poll_that_sees_nothing_new_writes_nothing() -> None:
    world = _pushed()
    _step(world)
    writes = world.ledger.writes
    assert _step(world).status is Status.IN_PROGRESS
    assert world.ledger.writes == writes


def test_a_closed_deployment_is_never_looked_at_again() -> None:
    world = _pushed()
    world.services.complete(NAME)
    ended = _step(world)
    world.restart()
    assert _step(world) == ended
    assert "service" not in world.calls


def test_the_same_event_twice_creates_nothing() -> None:
    world = _pushed()
    acts = list(world.acts)
    (outcome,) = image_event(world.world(), push_event())
    assert (outcome.outcome, outcome.deployment) == ("known", world.record().id)
    assert world.acts == acts
    assert len(world.ledger.records) == 1


def test_two_tags_of_one_image_are_one_deployment() -> None:
    world = _pushed()
    (outcome,) = image_event(world.world(), push_event(tag="v1.0", time=at(1)))
    assert outcome.outcome == "known"
    assert len(world.ledger.records) == 1
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]


def test_one_image_goes_to_every_service_that_follows_it() -> None:
    world = aws(WEB, WORKER)
    outcomes = image_event(world.world(), push_event())
    assert [outcome.service for outcome in outcomes] == [WEB.name, WORKER.name]
    assert world.ecs_acts == [
        "register",
        "update conflicto-backend-dev:8",
        "register",
        "update conflicto-backend-dev:9",
    ]
    made = [world.services.definitions[revision(number)] for number in (8, 9)]
    assert made[0].body["containerDefinitions"] == made[1].body["containerDefinitions"]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        pytest.param(examples.event("ecr-delete"), "DELETE", id="no push"),
        pytest.param(push_event(repository="other"), "no target follows", id="no target"),
        pytest.param(push_event(tag="latest"), "outside the rule", id="another tag"),
        pytest.param(push_event() | {"account": "999999999999"}, "of account '9", id="foreign"),
        pytest.param(push_event(OTHER_DIGEST), "no longer holds", id="deleted since"),
    ],
)
def test_what_deploys_nothing_is_ignored_for_a_reason(event: dict[str, Any], reason: str) -> None:
    world = aws()
    (outcome,) = image_event(world.world(), event)
    assert outcome.outcome == "ignored"
    assert reason in outcome.reason
    assert not world.acts
    assert not world.ledger.writes


def test_what_is_no_image_is_ignored() -> None:
    world = aws()
    world.images.all = [examples.image(artifact_type="application/vnd.cncf.helm.config.v1+json")]
    (outcome,) = image_event(world.world(), push_event())
    assert outcome.reason.startswith("abc1234: it holds application/vnd.cncf.helm")


def test_an_older_push_is_refused_and_told() -> None:
    world = _pushed()
    world.images.all.append(examples.image(OTHER_DIGEST))
    (outcome,) = image_event(world.world(), push_event(OTHER_DIGEST, "old", at(-60)))
    assert (outcome.outcome, outcome.status) == ("refused", "REFUSED")
    assert "a newer image was asked for" in outcome.reason
    assert world.told == ["IN_PROGRESS", "REFUSED"]
    assert len(world.ecs_acts) == 2


def test_a_newer_push_supersedes_what_is_under_way_by_being_applied() -> None:
    world = _pushed()
    first = world.record()
    world.images.all.append(examples.image(OTHER_DIGEST))
    image_event(world.world(), push_event(OTHER_DIGEST, "newer", at(60)))
    assert world.ecs_acts[-1] == "update conflicto-backend-dev:9"
    assert world.services.definitions[revision(9)].body["taskDefinitionArn"]
    assert _step(world, first).status is Status.SUPERSEDED
    world.services.complete(NAME)
    assert _step(world).status is Status.SUCCESSFUL
    assert world.record().base == revision(7)


def test_a_deployment_that_waited_too_long_does_not_overwrite_a_newer_one() -> None:
    world = aws()
    world.faults = [Fault(0, Unavailable("throttled"), name="register")]
    image_event(world.world(), push_event())
    waiting = world.record()
    world.images.all.append(examples.image(OTHER_DIGEST))
    image_event(world.world(), push_event(OTHER_DIGEST, "newer", at(60)))
    record = _step(world, waiting)
    assert record.status is Status.SUPERSEDED
    assert record.reason == f"a newer deployment was applied ({world.record().id})"
    assert len(world.ecs_acts) == 2


def test_while_a_newer_push_waits_the_one_before_it_asks_nothing_of_ecs() -> None:
    world = aws()
    world.faults = [Fault(number, Unavailable("throttled"), name="register") for number in (0, 1)]
    image_event(world.world(), push_event())
    older = world.record()
    world.images.all.append(examples.image(OTHER_DIGEST))
    image_event(world.world(), push_event(OTHER_DIGEST, "newer", at(60)))
    newer = world.record()
    reads = len(world.calls)
    waiting = _step(world, older)
    assert waiting.status is Status.PENDING
    assert waiting.reason == f"a newer one goes first ({newer.id})"
    assert not [name for name in world.calls[reads:] if name == "service"]
    assert _step(world, newer).status is Status.IN_PROGRESS
    assert _step(world, older).status is Status.SUPERSEDED
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]


def test_what_waited_for_a_newer_push_goes_on_when_that_is_refused() -> None:
    world = aws()
    faults = [Unavailable("throttled"), Unavailable("throttled"), Refused("no such thing")]
    world.faults = [Fault(number, error, name="register") for number, error in enumerate(faults)]
    image_event(world.world(), push_event())
    older = world.record()
    world.images.all.append(examples.image(OTHER_DIGEST))
    image_event(world.world(), push_event(OTHER_DIGEST, "newer", at(60)))
    newer = world.record()
    assert _step(world, older).status is Status.PENDING
    assert _step(world, newer).status is Status.REFUSED
    assert _step(world, older).status is Status.IN_PROGRESS


def test_throttled_it_waits_and_goes_on() -> None:
    world = aws()
    world.faults = [Fault(0, Unavailable("AWS answered ThrottlingException"), name="register")]
    (outcome,) = image_event(world.world(), push_event())
    assert (outcome.outcome, outcome.status) == ("recorded", "PENDING")
    assert world.record().reason == "AWS answered ThrottlingException"
    assert world.ledger.heads[NAME].lease is None
    assert not world.told
    assert _step(world).status is Status.IN_PROGRESS
    assert world.record().reason == ""
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]


@pytest.mark.parametrize("call", ["register", "update"])
def test_an_answer_that_was_lost_is_not_asked_for_again(call: str) -> None:
    world = aws()
    world.faults = [Fault(0, Unanswered("no answer"), after=True, name=call)]
    image_event(world.world(), push_event())
    assert world.record().status is Status.PENDING
    assert _step(world).status is Status.IN_PROGRESS
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]
    assert world.record().return_to == revision(7)


def test_a_first_step_that_does_not_get_through_is_left_to_the_watcher() -> None:
    world = aws()
    world.faults = [Fault(1, Unavailable("down"), name="service")]
    (outcome,) = image_event(world.world(), push_event())
    assert outcome.outcome == "recorded"
    assert outcome.reason == "recorded; the watcher goes on: down"
    assert world.acts == ["start 1"]
    assert _step(world).status is Status.IN_PROGRESS


def test_what_cannot_be_recorded_is_tried_again_by_lambda() -> None:
    world = aws()
    world.faults = [Fault(0, Unavailable("down"), name="save")]
    with pytest.raises(Unavailable, match="down"):
        image_event(world.world(), push_event())
    assert image_event(world.world(), push_event())[0].outcome == "recorded"


def test_a_foreign_rollout_is_waited_for() -> None:
    world = aws()
    foreign = world.services.register({**examples.task_definition().body, "tags": []})
    world.services.begin(NAME, foreign.arn)
    (outcome,) = image_event(world.world(), push_event())
    assert outcome.status == "PENDING"
    assert outcome.reason == (
        "waiting for a rollout of conflicto-backend-dev:8 that Slipway did not start"
    )
    writes = world.ledger.writes
    assert _step(world).status is Status.PENDING
    assert world.ledger.writes == writes
    world.services.complete(NAME)
    assert _step(world).status is Status.IN_PROGRESS
    assert (world.record().return_to, world.record().base) == (foreign.arn, foreign.arn)
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:9"]


def test_a_foreign_rollout_that_never_ends_is_waited_for_until_the_deadline() -> None:
    world = aws()
    world.services.begin(NAME, revision(7))
    world.services.begin(NAME, revision(6))
    image_event(world.world(), push_event())
    record = world.record()
    assert advance(world.world(1800), NAME, record.id).status is Status.REFUSED
    assert world.ecs_acts == []
    assert world.told == ["REFUSED"]


def test_who_deploys_something_else_supersedes_and_is_left_alone() -> None:
    world = _pushed()
    foreign = world.services.register({**examples.task_definition().body, "tags": []})
    world.services.begin(NAME, foreign.arn)
    record = _step(world)
    assert record.status is Status.SUPERSEDED
    assert "conflicto-backend-dev:9 was deployed to the service instead" in record.reason
    assert len(world.ecs_acts) == 2


def test_another_setting_changed_meanwhile_is_adopted() -> None:
    world = _pushed()
    world.services.begin(NAME, revision(8))
    record = _step(world)
    assert record.status is Status.IN_PROGRESS
    assert record.ecs_deployment == world.services.all[NAME].deployments[0].id
    world.services.complete(NAME)
    record = _step(world)
    assert record.status is Status.SUCCESSFUL
    assert record.service_deployment == world.services.all[NAME].service_deployment


def test_in_observe_mode_nothing_is_changed_and_what_would_be_is_told() -> None:
    world = _pushed(mode="observe")
    record = world.record()
    assert record.status is Status.OBSERVED
    assert record.reason == (
        "would register a revision of conflicto-backend-dev from conflicto-backend-dev:7 with "
        "this image in conflicto-backend, and update the service"
    )
    assert world.ecs_acts == []
    assert world.told == ["OBSERVED"]


def test_in_observe_mode_the_containers_are_named_whatever_their_registrys_host() -> None:
    world = aws(examples.target(mode="observe"))
    seven = world.services.definitions[revision(7)]
    image = "123456789012.dkr.ecr-fips.us-west-2.amazonaws.com/conflicto-backend-dev:was"
    seven.body["containerDefinitions"][0]["image"] = image
    image_event(world.world(), push_event())
    assert "with this image in conflicto-backend, and" in world.record().reason


@pytest.mark.parametrize(
    ("service", "reason"),
    [
        pytest.param({"status": "INACTIVE"}, "has no active service", id="no service"),
        pytest.param({"controller": "CODE_DEPLOY"}, "is CODE_DEPLOY", id="another controller"),
    ],
)
def test_a_service_that_is_not_deployed_to_is_refused(service: dict[str, str], reason: str) -> None:
    world = aws()
    world.services.all[NAME] = world.services.all[NAME].model_copy(update=service)
    (outcome,) = image_event(world.world(), push_event())
    assert outcome.status == "REFUSED"
    assert reason in outcome.reason
    assert world.told == ["REFUSED"]


def test_a_service_that_does_not_exist_is_refused() -> None:
    world = aws()
    world.services.all.clear()
    assert image_event(world.world(), push_event())[0].status == "REFUSED"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        pytest.param({"containers": ("x",)}, "has no container named 'x'", id="no such container"),
        pytest.param({"family": "x"}, "no ACTIVE task definition of the family x", id="no family"),
    ],
)
def test_what_cannot_be_rendered_is_refused(fields: dict[str, Any], reason: str) -> None:
    world = _pushed(**fields)
    assert world.record().status is Status.REFUSED
    assert reason in world.record().reason
    assert not world.record().acting
    assert world.ecs_acts == []


def test_what_ecs_registers_otherwise_is_not_deployed() -> None:
    world = aws()
    world.services.alters = {"cpu": "1024"}
    image_event(world.world(), push_event())
    record = world.record()
    assert record.status is Status.REFUSED
    assert "conflicto-backend-dev:8 otherwise than planned (cpu)" in record.reason
    assert world.ecs_acts == ["register"]


def test_a_push_that_others_keep_writing_into_is_tried_again_by_lambda() -> None:
    world = aws()
    world.faults = [Fault(number, Conflict("again"), name="save") for number in range(5)]
    with pytest.raises(Unavailable, match="others kept writing"):
        image_event(world.world(), push_event())
    assert not world.acts


def test_a_known_push_whose_deployment_is_forgotten_nudges_nothing() -> None:
    world = aws()
    world.ledger.heads[NAME] = examples.head(digest=DIGEST)
    (outcome,) = image_event(world.world(), push_event())
    assert (outcome.outcome, outcome.deployment, outcome.status) == ("known", "", "")
    assert not world.acts


def test_a_base_that_is_gone_is_refused() -> None:
    world = aws(examples.target(base="service"))
    world.services.definitions.clear()
    (outcome,) = image_event(world.world(), push_event())
    assert outcome.status == "REFUSED"
    assert outcome.reason == "ECS has no task definition conflicto-backend-dev:7"


# What was lost half way is looked for, and never done twice


def test_a_throttled_update_registers_nothing_again() -> None:
    world = aws()
    world.faults = [Fault(0, Unavailable("throttled"), name="update")]
    image_event(world.world(), push_event())
    assert _step(world).status is Status.IN_PROGRESS
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]


def _died_after_the_update() -> Aws:
    """The process ended when ECS had begun the rollout, and before it was written down."""
    world = aws()
    world.faults = [Fault(0, Died(), after=True, name="update")]
    with pytest.raises(Died):
        image_event(world.world(), push_event())
    return world


def test_a_rollout_that_nobody_wrote_down_and_ecs_rolled_back_is_not_begun_again() -> None:
    world = _died_after_the_update()
    world.services.breaker(NAME)
    world.services.rolled_back(NAME)
    world.world(600)
    assert _step(world).status is Status.IN_PROGRESS
    assert _step(world).status is Status.ROLLBACK_SUCCESSFUL
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]


def test_a_rollout_that_nobody_wrote_down_and_somebody_replaced_is_not_begun_again() -> None:
    world = _died_after_the_update()
    foreign = world.services.register({**examples.task_definition().body, "tags": []})
    world.services.begin(NAME, foreign.arn)
    world.services.complete(NAME)
    world.world(600)
    assert _step(world).status is Status.IN_PROGRESS
    assert _step(world).status is Status.SUPERSEDED
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]


def test_a_rollout_that_nobody_wrote_down_and_somebody_replaces_is_not_begun_again() -> None:
    world = _died_after_the_update()
    foreign = world.services.register({**examples.task_definition().body, "tags": []})
    world.world(600)
    world.services.begin(NAME, foreign.arn)
    _step(world)
    world.services.complete(NAME)
    _step(world)
    assert _step(world).status is Status.SUPERSEDED
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]


def test_what_an_unanswered_registration_made_is_compared_before_it_is_deployed() -> None:
    world = aws()
    world.services.alters = {"cpu": "1024"}
    world.faults = [Fault(0, Unanswered("no answer"), after=True, name="register")]
    image_event(world.world(), push_event())
    record = _step(world)
    assert record.status is Status.REFUSED
    assert "conflicto-backend-dev:8 otherwise than planned (cpu)" in record.reason
    assert world.ecs_acts == ["register"]


# One service, one image, one second


@pytest.mark.parametrize(
    "error",
    [
        Unavailable("denied"),
        Refused("InvalidParameterException"),
    ],
)
def test_a_service_that_aws_does_not_answer_for_keeps_no_other_from_its_push(
    error: Exception,
) -> None:
    world = aws(WEB, WORKER)
    for _ in range(3):
        world.restart()
        world.faults = [Fault(0, error, name="service")]
        try:
            image_event(world.world(), push_event())
        except (Unavailable, Refused):
            continue
    assert world.ledger.heads.get(WORKER.name)
    assert world.record(WORKER.name).status is Status.IN_PROGRESS


def test_a_first_step_that_is_refused_keeps_no_other_service_from_its_push() -> None:
    world = aws(WEB, WORKER)
    world.faults = [Fault(2, Refused("InvalidParameterException"), name="service")]
    web, worker = image_event(world.world(), push_event())
    assert web.reason == "recorded; the watcher goes on: InvalidParameterException"
    assert worker.status == "IN_PROGRESS"


def test_every_follower_is_recorded_before_any_is_begun() -> None:
    world = aws(WEB, WORKER)
    image_event(world.world(), push_event())
    begun = world.acts.index("register")
    assert world.acts[:begun] == ["start 1", "start 1"]


def test_where_many_follow_an_image_their_watchers_take_the_first_steps() -> None:
    many = [examples.target(service=f"web-{number}") for number in range(21)]
    world = aws(*many)
    outcomes = image_event(world.world(), push_event())
    assert [outcome.outcome for outcome in outcomes] == ["recorded"] * 21
    assert world.acts == ["start 1"] * 21
    assert _step(world, world.record(many[-1].name)).status is Status.IN_PROGRESS


def test_what_ecs_refuses_to_tell_closes_the_deployment() -> None:
    world = aws()
    world.services.begin(NAME, revision(6))
    rolling = world.services.all[NAME]
    failed = rolling.deployments[0].model_copy(update={"rollout_state": "FAILED"})
    world.services.all[NAME] = rolling.model_copy(
        update={"deployments": (failed, *rolling.deployments[1:])}
    )
    world.faults = [Fault(0, Refused("odd"), name="newest_service_deployment")]
    (outcome,) = image_event(world.world(), push_event())
    assert (outcome.status, outcome.reason) == ("REFUSED", "odd")
    assert world.ledger.heads[NAME].open_deployments == ()
    assert world.told == ["REFUSED"]


def test_of_two_pushes_within_one_second_the_first_to_be_throttled_is_overtaken() -> None:
    world = aws()
    world.images.all = [
        examples.image(pushed_at=at(0.1)),
        examples.image(OTHER_DIGEST, pushed_at=at(0.2), tags=("def5678",)),
    ]
    world.faults = [Fault(0, Unavailable("throttled"), name="register")]
    image_event(world.world(), push_event(time=at(0)))
    first = world.record()
    image_event(world.world(), push_event(OTHER_DIGEST, "def5678", at(0)))
    assert _step(world, first).status is Status.SUPERSEDED
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]


@pytest.mark.parametrize(
    ("by_hand", "reason"),
    [
        (False, "a newer one goes first"),
        (True, "whether a newer deployment was applied is not known yet"),
    ],
    ids=["a push", "by hand"],
)
def test_an_older_one_waits_until_it_is_known_whether_a_newer_one_was_applied(
    by_hand: bool, reason: str
) -> None:
    world = aws()
    world.images.all.append(examples.image(OTHER_DIGEST, tags=("def5678",)))
    world.faults = [Fault(0, Unavailable("throttled"), name="register")]
    if by_hand:
        deploy_by_hand(
            world.world(), {"service": NAME, "image": DIGEST, "by": "ops", "why": "a fix"}
        )
    else:
        image_event(world.world(), push_event())
    older = world.record()
    world.faults = [Fault(world.calls.count("update"), Died(), after=True, name="update")]
    with pytest.raises(Died):
        image_event(world.world(), push_event(OTHER_DIGEST, "def5678", at(600)))
    world.services.complete(NAME)
    world.world(600)  # its lease expires; that it was applied is written nowhere
    waiting = _step(world, older)
    assert waiting.status is Status.PENDING
    assert reason in waiting.reason
    newer = next(one for one in world.ledger.records.values() if one.digest == OTHER_DIGEST)
    assert _step(world, newer).status is Status.IN_PROGRESS
    assert _step(world, older).status is Status.SUPERSEDED
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]
    head = world.ledger.heads[NAME]
    assert (head.attempt, head.lease) == (None, None)


def test_a_newest_push_repeated_later_keeps_out_what_was_pushed_in_between() -> None:
    world = _pushed()
    image_event(world.world(), push_event(tag="again", time=at(60)))
    assert world.ledger.heads[NAME].order == at(60)
    world.images.all.append(examples.image(OTHER_DIGEST, tags=("between",)))
    (outcome,) = image_event(world.world(), push_event(OTHER_DIGEST, "between", at(30)))
    assert (outcome.outcome, outcome.status) == ("refused", "REFUSED")
    assert world.ecs_acts == ["register", "update conflicto-backend-dev:8"]


def test_a_rollback_of_ours_under_way_is_no_foreign_rollout() -> None:
    world = _pushed()
    world.services.breaker(NAME)
    _step(world)
    world.images.all.append(examples.image(OTHER_DIGEST, tags=("def5678",)))
    (outcome,) = image_event(world.world(), push_event(OTHER_DIGEST, "def5678", at(60)))
    assert (outcome.status, outcome.reason) == ("IN_PROGRESS", "")


# A digest that failed


def test_a_digest_that_failed_is_refused_every_time_it_comes_again() -> None:
    world = _pushed()
    _roll_back(world)
    world.images.all.append(examples.image(OTHER_DIGEST, tags=("def5678",)))
    image_event(world.world(), push_event(OTHER_DIGEST, "def5678", at(60)))
    world.services.complete(NAME)
    _step(world)
    for minute in (2, 3):
        (outcome,) = image_event(world.world(), push_event(DIGEST, "again", at(60 * minute)))
        assert outcome.outcome == "refused"
    assert len(world.ecs_acts) == 4


def test_a_flood_of_refused_pushes_never_makes_a_failed_digest_forgotten() -> None:
    world = _pushed()
    _roll_back(world)
    world.images.all.append(examples.image(OTHER_DIGEST, tags=("def5678",)))
    image_event(world.world(), push_event(OTHER_DIGEST, "def5678", at(60)))
    world.services.complete(NAME)
    _step(world)
    for number in range(20):
        digest = f"sha256:{number + 16:064x}"
        world.images.all.append(examples.image(digest, tags=(f"late-{number}",)))
        image_event(world.world(), push_event(digest, f"late-{number}", at(-100 - number)))
    assert (
        image_event(world.world(), push_event(DIGEST, "again", at(3_000)))[0].outcome == "refused"
    )


def _roll_back(world: Aws) -> None:
    world.services.breaker(NAME)
    world.services.rolled_back(NAME)
    assert _step(world).status is Status.ROLLBACK_SUCCESSFUL


def test_a_first_meeting_that_is_denied_is_recorded_told_and_goes_on_by_itself() -> None:
    world = aws()
    denied = Denied("could not read the service: slipway-dev-watch may not ecs:DescribeServices")
    world.faults = [Fault(0, denied, name="service"), Fault(1, denied, name="service")]
    image_event(world.world(), push_event())
    assert world.record().status is Status.PENDING
    assert "may not ecs:DescribeServices" in world.topic.published[0].text
    advance(world.world(), NAME, world.record().id)
    world.services.complete(NAME)
    advance(world.world(), NAME, world.record().id)
    assert world.record().status is Status.SUCCESSFUL
    proven = [one.revision for one in world.ledger.heads[NAME].proven]
    assert proven == [examples.revision(8), examples.revision(7)]


def test_what_ecs_completed_before_a_newer_one_was_applied_is_successful_all_the_same() -> None:
    world = aws()
    world.images.all.append(examples.image(OTHER_DIGEST, tags=("def5678",)))
    world.faults = [Fault(0, Died(), after=True, name="update")]
    with pytest.raises(Died):
        image_event(world.world(), push_event())
    older = world.record()
    world.services.complete(NAME)
    image_event(world.world(600), push_event(OTHER_DIGEST, "def5678", at(600)))
    assert world.record().status is Status.IN_PROGRESS
    assert _step(world, older).status is Status.IN_PROGRESS
    assert _step(world, older).status is Status.SUCCESSFUL
    assert world.ledger.heads[NAME].applied_deployment == world.record().id

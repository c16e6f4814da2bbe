"""`plan` of `deploy` and `rollback`: it says what the real call then does, and changes nothing."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.definition.shown import shown_changes
from chalicelib.errors import Refused, Unavailable
from chalicelib.flow.advance import advance
from chalicelib.flow.deploy import deploy_by_hand
from chalicelib.flow.hold import hold_by_hand
from chalicelib.flow.release import release_by_hand
from chalicelib.flow.rollback import rollback_by_hand
from chalicelib.model.commands import BeforeSettings
from chalicelib.model.freezes import Freeze
from chalicelib.model.heads import Lease
from chalicelib.model.scans import Scan, Severity
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, NAME, OLD_DIGEST, OTHER_DIGEST, URI, revision
from tests.flow.by_hand import WHO, deployed, end, throttled
from tests.flow.fakes import Aws, aws
from tests.flow.steps import pushed

FORM = {
    "service", "would", "reason", "image", "digest", "tag", "commit", "from", "base", "revision",
    "before", "scheduled", "changes",
}  # fmt: skip
CHOICE = {
    "revision", "deployment", "tag", "tags", "digest", "commit", "first", "by", "cause", "left",
    "missing", "runs", "default",
}  # fmt: skip
GATE = {"scan": {"max": "HIGH"}}
ALWAYS = (
    Freeze.model_validate({"from": "2026-01-01", "to": "2026-12-31", "zone": "UTC", "why": "x"}),
)
CALLS = {"deploy": deploy_by_hand, "rollback": rollback_by_hand}
Situation = Callable[[], Aws]


def _targeted(**fields: Any) -> Aws:
    world = deployed()
    world.targets = examples.targets(examples.target(**fields))
    return world


def _scanned(found: Scan | None, **gate: Any) -> Aws:
    world = _targeted(gate={"scan": {"max": "HIGH", **gate}})
    if found is not None:
        world.scans.all[OTHER_DIGEST] = found
    return world


def _held(**fields: Any) -> Aws:
    world = _targeted(**fields)
    hold_by_hand(world.world(), WHO)
    world.acts.clear()
    return world


def _foreign() -> Aws:
    world = deployed()
    world.services.begin(NAME, revision(7))
    return world


def _console() -> Aws:
    world = deployed()
    made = world.services.register({**examples.task_definition().body, "tags": []})
    world.services.begin(NAME, made.arn)
    world.services.complete(NAME)
    return world


def _base(**fields: Any) -> Aws:
    """Terraform registered a revision with another size."""
    world = _targeted(**fields)
    nine = examples.task_definition(9, cpu="512", memory="1024")
    world.services.definitions[nine.arn] = nine
    return world


def _without(what: str) -> Aws:
    world = deployed()
    if what == "service":
        world.services.all.clear()
    elif what == "definition":
        del world.services.definitions[revision(7)]
    elif what == "room":
        full = {"minimum_percent": 100, "maximum_percent": 100}
        world.services.all[NAME] = world.services.all[NAME].model_copy(update=full)
    else:
        world.images.all = [examples.image()]
    return world


def _rolling() -> Aws:
    world = deployed()
    deploy_by_hand(world.world(), {**WHO, "image": "def5678"})
    world.acts.clear()
    return world


def _just_completed() -> Aws:
    world = _rolling()
    world.services.complete(NAME)
    return world


def _waiting() -> Aws:
    world = throttled(deployed())
    deploy_by_hand(world.world(), {**WHO, "image": "def5678"})
    world.acts.clear()
    return world


def _waiting_after_a_failure() -> Aws:
    world = throttled(deployed(well=False))
    deploy_by_hand(world.world(), {**WHO, "image": "def5678"})
    return world


def _inactive() -> Aws:
    world = deployed()
    world.services.definitions[revision(7)].body["status"] = "INACTIVE"
    return world


def _back() -> Aws:
    world = deployed()
    rollback_by_hand(world.world(), WHO)
    end(world)
    world.acts.clear()
    return world


def _going_back() -> Aws:
    world = _rolling()
    rollback_by_hand(world.world(), WHO)
    world.acts.clear()
    return world


def _known() -> Aws:
    world = deployed()
    deploy_by_hand(world.world(), {**WHO, "image": "def5678", "key": "k"})
    world.acts.clear()
    return world


def _leased() -> Aws:
    world = deployed()
    lease = Lease(holder="another", until=examples.at(1e6))
    world.ledger.heads[NAME] = world.ledger.heads[NAME].model_copy(update={"lease": lease})
    return world


def _unmet() -> Aws:
    world = aws()
    world.images.all.append(examples.image(OTHER_DIGEST, tags=("def5678",)))
    return world


DEPLOYS: list[tuple[str, Situation, dict[str, Any], str]] = [
    ("a new image", deployed, {}, "deploy"),
    ("an image by its digest", deployed, {"image": OTHER_DIGEST}, "deploy"),
    ("the first look at the service", _unmet, {}, "deploy"),
    ("the image that runs, again", deployed, {"image": DIGEST}, "deploy"),
    ("an image that failed before", lambda: deployed(well=False), {"image": DIGEST}, "deploy"),
    ("a barred image", _back, {"image": DIGEST, "override": True}, "deploy"),
    ("held by a rollback", _back, {}, "hold"),
    ("held by a person", _held, {}, "hold"),
    ("held, with override", _held, {"override": True}, "deploy"),
    ("an approval is needed", lambda: _targeted(approval="7d"), {}, "hold"),
    ("frozen", lambda: _targeted(freeze=ALWAYS), {}, "hold"),
    ("the scan has not ended", lambda: _scanned(None), {}, "wait"),
    (
        "the scan found too much",
        lambda: _scanned(Scan(state="done", counts=((Severity.CRITICAL, 1),))),
        {},
        "refuse",
    ),
    (
        "the scan found little",
        lambda: _scanned(Scan(state="done", counts=((Severity.LOW, 1),))),
        {},
        "deploy",
    ),
    ("no scan will come", lambda: _scanned(Scan(state="none", why="off")), {}, "refuse"),
    (
        "no scan will come, and that is all right",
        lambda: _scanned(Scan(state="none", why="off"), on_timeout="deploy"),
        {},
        "deploy",
    ),
    ("the scan is overridden", lambda: _scanned(None), {"override": True}, "deploy"),
    ("somebody's rollout is under way", _foreign, {}, "wait"),
    ("somebody deployed", _console, {}, "deploy"),
    ("our own rollout is under way", _rolling, {"image": "old"}, "deploy"),
    ("mode observe", lambda: _targeted(mode="observe"), {}, "observe"),
    ("mode observe, held", lambda: _held(mode="observe"), {}, "observe"),
    ("another base", _base, {}, "deploy"),
    ("another base is refused", lambda: _base(base_changes="refuse"), {}, "refuse"),
    (
        "another base is overridden",
        lambda: _base(base_changes="refuse"),
        {"override": True},
        "deploy",
    ),
    ("no such container", lambda: _targeted(containers=("web",)), {}, "refuse"),
    ("no such image", deployed, {"image": "v9"}, "refuse"),
    ("an image of another repository", deployed, {"image": f"{URI}-x:def5678"}, "refuse"),
    ("no service", lambda: _without("service"), {}, "refuse"),
    ("no room to replace a task", lambda: _without("room"), {}, "refuse"),
    ("a known key", _known, {"key": "k"}, "nothing"),
    ("another key", _known, {"key": "l", "image": "old"}, "deploy"),
    ("another step acts", _leased, {}, "wait"),
]
ROLLBACKS: list[tuple[str, Situation, dict[str, Any], str]] = [
    ("back", deployed, {}, "deploy"),
    ("back to a revision", deployed, {"to": "conflicto-backend-dev:7"}, "deploy"),
    ("to what runs", deployed, {"to": "conflicto-backend-dev:8"}, "nothing"),
    ("to what runs, by its tag", deployed, {"to": "abc1234"}, "nothing"),
    ("to what is not proven", deployed, {"to": "def5678"}, "refuse"),
    ("back already", _back, {}, "refuse"),
    ("forward again", _back, {"to": "abc1234"}, "deploy"),
    ("after a failure", lambda: deployed(well=False), {}, "refuse"),
    ("to an inactive revision", _inactive, {}, "deploy"),
    ("a rollout is under way", _rolling, {}, "stop"),
    ("a rollout is under way, to a revision", _rolling, {"to": "abc1234"}, "deploy"),
    ("a rollout has just completed", _just_completed, {}, "deploy"),
    ("a rollback is under way", _going_back, {}, "nothing"),
    ("a deployment waits", _waiting, {}, "deploy"),
    ("a deployment waits, without a hold", _waiting, {"hold": False}, "deploy"),
    ("nothing before what waits", _waiting_after_a_failure, {}, "refuse"),
    ("held", _held, {}, "deploy"),
    ("frozen", lambda: _targeted(freeze=ALWAYS), {}, "deploy"),
    ("a gate", lambda: _scanned(None), {}, "deploy"),
    ("mode observe", lambda: _targeted(mode="observe"), {}, "observe"),
    ("somebody's rollout is under way", _foreign, {"to": "abc1234"}, "wait"),
    ("back from somebody's rollout", _foreign, {}, "refuse"),
    ("somebody deployed", _console, {}, "deploy"),
    ("the image is gone", lambda: _without("image"), {}, "refuse"),
    ("the revision is gone", lambda: _without("definition"), {}, "refuse"),
    ("no service", lambda: _without("service"), {}, "refuse"),
    ("never met", _unmet, {}, "refuse"),
    ("another step acts", _leased, {"to": "conflicto-backend-dev:7"}, "wait"),
]
TABLE = [
    pytest.param(verb, situation, asked, does, id=f"{verb}: {name}")
    for verb, table in (("deploy", DEPLOYS), ("rollback", ROLLBACKS))
    for name, situation, asked, does in table
]


def _payload(verb: str, asked: dict[str, Any]) -> dict[str, Any]:
    return {**WHO, **({"image": "def5678"} if verb == "deploy" else {}), **asked}


def _planned(world: Aws, verb: str, asked: dict[str, Any]) -> dict[str, Any]:
    """The plan, of a world of its own, which must stay as it was."""
    world.acts.clear()
    heads, records = dict(world.ledger.heads), dict(world.ledger.records)
    definitions, published = set(world.services.definitions), len(world.topic.published)
    reply = CALLS[verb](world.world(), {**_payload(verb, asked), "plan": True})
    assert world.acts == []
    assert (world.ledger.heads, world.ledger.records) == (heads, records)
    assert set(world.services.definitions) == definitions
    assert len(world.topic.published) == published
    return reply


def _really(world: Aws, verb: str, asked: dict[str, Any]) -> tuple[str, str]:
    """What the real call did, in the words of a plan, and its reason."""
    known = set(world.ledger.records)
    world.acts.clear()
    try:
        reply = CALLS[verb](world.world(), _payload(verb, asked))
    except Refused as refused:
        return "refuse", str(refused)
    record = world.ledger.records[NAME, reply["deployment"]]
    if (NAME, record.id) in known and "error" not in reply:
        return (
            ("stop", "") if any(act.startswith("stop") for act in world.acts) else ("nothing", "")
        )
    if "error" in reply:
        return "refuse", reply["error"]
    does = {"PENDING": "wait", "HELD": "hold", "OBSERVED": "observe"}.get(record.status)
    if does:
        return does, record.reason
    updated = any(act.startswith("update") for act in world.acts)
    return ("deploy", "") if updated else ("nothing", "")


def _agree(world: Aws, verb: str, asked: dict[str, Any]) -> dict[str, Any]:
    """The plan, which must say what the call does in the same world at the same moment."""
    real = copy.deepcopy(world)
    runs = real.services.all.get(NAME)
    before = real.services.definitions.get(runs.task_definition) if runs else None
    plan = _planned(world, verb, asked)
    does, reason = _really(real, verb, asked)
    assert plan["would"] == does, plan
    if reason:
        assert plan["reason"] == reason.replace(real.world(0).holder, "")
    if does == "deploy" and before is not None:
        after = real.services.definitions[real.services.all[NAME].task_definition]
        expected = [
            (one.field, one.before, one.after) for one in shown_changes(before.body, after.body)
        ]
        assert [(one["field"], one["from"], one["to"]) for one in plan["changes"]] == expected
        record = real.record()
        assert (plan["image"], plan["digest"]) == (record.image, record.digest)
        assert (plan["tag"], plan["commit"]) == (next(iter(record.all_tags), ""), record.commit)
    return plan


@pytest.mark.parametrize(("verb", "situation", "asked", "does"), TABLE)
def test_a_plan_says_what_the_call_then_does(
    verb: str, situation: Situation, asked: dict[str, Any], does: str
) -> None:
    plan = _agree(situation(), verb, asked)
    assert plan["would"] == does
    assert bool(plan["reason"]) is (does != "deploy")
    assert set(plan) == FORM | ({"proven"} if verb == "rollback" else set())
    assert json.loads(json.dumps(plan)) == plan


MODES = itertools.product(
    ("deploy", "rollback"),
    ({}, {"mode": "observe"}, {"base_changes": "refuse"}, {"approval": "7d"}, {"gate": GATE}),
    ("rests", "rolls", "foreign", "base"),
    (False, True),
    (False, True),
)


@pytest.mark.parametrize(("verb", "fields", "ecs", "held", "override"), list(MODES))
def test_a_plan_agrees_with_the_call_whatever_comes_together(
    verb: str, fields: dict[str, Any], ecs: str, held: bool, override: bool
) -> None:
    world = {"rests": deployed, "rolls": _rolling, "foreign": _foreign, "base": _base}[ecs]()
    world.targets = examples.targets(examples.target(**fields))
    if held:
        hold_by_hand(world.world(), WHO)
    asked = {"override": override, **({"image": "old"} if verb == "deploy" else {})}
    _agree(world, verb, asked)


# What a plan tells


def test_the_plan_of_a_deployment_names_the_image_and_what_runs_now() -> None:
    plan = _planned(deployed(), "deploy", {})
    image = f"{URI}@{OTHER_DIGEST}"
    assert plan == {
        "service": NAME,
        "would": "deploy",
        "reason": "",
        "image": image,
        "digest": OTHER_DIGEST,
        "tag": "def5678",
        "commit": "def5678",
        "from": {"revision": "conflicto-backend-dev:8", "tag": "abc1234", "digest": DIGEST},
        "base": "conflicto-backend-dev:8",
        "revision": "",
        "before": None,
        "scheduled": [],
        "changes": [
            {
                "field": "containerDefinitions[conflicto-backend].image",
                "from": f"{URI}@{DIGEST}",
                "to": image,
            }
        ],
    }


def test_a_plan_shows_what_else_the_base_changes() -> None:
    plan = _planned(_base(), "deploy", {})
    assert plan["base"] == "conflicto-backend-dev:9"
    assert {"field": "cpu", "from": "256", "to": "512"} in plan["changes"]


def test_the_plan_of_what_is_refused_for_its_base_shows_the_base() -> None:
    plan = _planned(_base(base_changes="refuse"), "deploy", {})
    assert [change["field"] for change in plan["changes"]][1:] == ["cpu", "memory"]


def test_the_plan_of_a_rollback_names_the_revision_and_registers_none() -> None:
    plan = _planned(deployed(), "rollback", {})
    assert (plan["revision"], plan["base"]) == ("conflicto-backend-dev:7", "")
    assert (plan["digest"], plan["from"]["tag"]) == (OLD_DIGEST, "abc1234")


def test_the_plan_of_a_stop_says_which_one_and_what_comes_back() -> None:
    world = _rolling()
    plan = _planned(world, "rollback", {})
    assert plan["reason"] == (
        f"{world.record().id} is under way: it would be stopped, and the service would go back to "
        "conflicto-backend-dev:8"
    )
    assert (plan["revision"], plan["digest"]) == ("conflicto-backend-dev:8", DIGEST)
    (image,) = plan["changes"]
    assert (image["from"], image["to"]) == (f"{URI}@{OTHER_DIGEST}", f"{URI}@{DIGEST}")


def test_a_plan_of_a_rollback_lists_what_one_may_choose() -> None:
    world = deployed()
    newest, oldest = _planned(world, "rollback", {})["proven"]
    assert set(newest) == set(oldest) == CHOICE
    assert (newest["revision"], newest["runs"], newest["default"]) == (
        "conflicto-backend-dev:8", True, False,
    )  # fmt: skip
    assert (newest["tag"], newest["tags"], newest["commit"]) == ("abc1234", ["abc1234"], "abc1234")
    assert (newest["deployment"], newest["cause"]) == (world.record().id, "push")
    assert (oldest["revision"], oldest["runs"], oldest["default"]) == (
        "conflicto-backend-dev:7", False, True,
    )  # fmt: skip
    assert (oldest["digest"], oldest["deployment"], oldest["by"]) == (OLD_DIGEST, "", "")


@pytest.mark.parametrize("to", ["abc1234", "nothing"])
def test_the_default_is_that_without_to_whatever_is_asked_for(to: str) -> None:
    proven = _planned(deployed(), "rollback", {"to": to})["proven"]
    assert [one["default"] for one in proven] == [False, True]


def test_a_revision_that_somebody_else_deployed_is_among_the_choices() -> None:
    proven = _planned(_console(), "rollback", {})["proven"]
    assert [(one["cause"], one["runs"], one["default"]) for one in proven] == [
        ("foreign", True, False), ("push", False, True), ("", False, False),
    ]  # fmt: skip


def test_what_a_rollback_left_and_an_image_that_is_gone_are_said() -> None:
    world = _back()
    head = world.ledger.heads[NAME]
    gone = head.proven[1].model_copy(update={"missing": "it is gone"})
    world.ledger.heads[NAME] = head.model_copy(update={"proven": (head.proven[0], gone)})
    back, left = _planned(world, "rollback", {})["proven"]
    assert (back["left"], back["missing"]) == (False, "")
    assert (left["left"], left["missing"]) == (True, "it is gone")


def test_the_choices_are_listed_also_while_another_step_acts() -> None:
    world = _rolling()
    lease = Lease(holder="another", until=examples.at(1e6))
    world.ledger.heads[NAME] = world.ledger.heads[NAME].model_copy(update={"lease": lease})
    proven = _planned(world, "rollback", {"to": "abc1234"})["proven"]
    assert [one["default"] for one in proven] == [False, False]
    with pytest.raises(Unavailable, match="another step is acting"):
        _planned(world, "rollback", {})


# What a plan needs, and what it leaves alone


@pytest.mark.parametrize("missing", ["by", "why"])
@pytest.mark.parametrize("verb", ["deploy", "rollback"])
def test_a_plan_also_says_who_asks_and_why(verb: str, missing: str) -> None:
    payload = {**_payload(verb, {}), "plan": True}
    del payload[missing]
    with pytest.raises(Refused, match=f"`{missing}`: Field required"):
        CALLS[verb](deployed().world(), payload)


@pytest.mark.parametrize("verb", ["deploy", "rollback"])
def test_a_plan_for_a_service_that_is_no_target_is_refused(verb: str) -> None:
    with pytest.raises(Refused, match="no target is named"):
        CALLS[verb](deployed().world(), {**_payload(verb, {}), "service": "x/y", "plan": True})


def test_a_plan_meets_nobody() -> None:
    world = _unmet()
    _planned(world, "deploy", {})
    assert world.ledger.heads == {}


def test_a_plan_bars_nothing_and_releases_nothing() -> None:
    world = pushed(approval="7d")
    held = world.record()
    _planned(world, "rollback", {})
    assert world.ledger.heads[NAME].barred == ()
    assert world.record() == held
    release_by_hand(world.world(), {"deployment": held.id, "by": "ann", "why": "a test"})
    assert advance(world.world(), NAME, held.id).status == "IN_PROGRESS"


def test_the_values_that_may_be_secret_are_in_no_plan() -> None:
    world = deployed()
    container = {**examples.task_definition(9).body["containerDefinitions"][0]}
    container |= {
        "environment": [{"name": "TOKEN", "value": "hunter2"}],
        "command": ["run", "--password=hunter2"],
        "dockerLabels": {"x": "hunter2"},
    }
    nine = examples.task_definition(9, containerDefinitions=[container])
    world.services.definitions[nine.arn] = nine
    plan = _planned(world, "deploy", {})
    assert {
        "field": "+containerDefinitions[conflicto-backend].command", "from": None, "to": None,
    } in plan["changes"]  # fmt: skip
    assert "hunter2" not in json.dumps(plan)


def test_a_plan_tells_nobody_that_ecs_rolled_back_meanwhile() -> None:
    world = _rolling()
    world.services.breaker(NAME)
    assert _planned(world, "rollback", {})["would"] == "stop"


def test_the_plan_of_a_deployment_with_a_before_says_which_command_runs_first() -> None:
    command = ("python", "manage.py", "migrate")
    world = aws(examples.target(before=BeforeSettings(command=command)))
    plan = deploy_by_hand(world.world(), {**WHO, "image": DIGEST, "plan": True})
    assert plan["would"] == "deploy"
    assert plan["before"] == {"container": "conflicto-backend", "command": list(command)}
    assert world.services.requests == []
    assert world.ecs_acts == []

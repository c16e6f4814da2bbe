"""Slipway deploys with every name that ECR and ECS allow, and makes only legal names of them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.aws import ledger
from chalicelib.model.targets import Target, load_targets
from example import conflicto
from rehearsal.rehearsal import Rehearsal, rehearse
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, REGISTRY, push_event
from tests.flow.fakes import Aws
from tests.inputs.invocation import EveryImage, invoked
from tests.inputs.sns import sent_to_sns

# Amazon ECR API reference, CreateRepository; ECS: CreateCluster, CreateService and
# RegisterTaskDefinition ("up to 255 letters, numbers, underscores, and hyphens").
_PART = "[a-z0-9]+([._-][a-z0-9]+)*"
REPOSITORIES = st.from_regex(rf"({_PART}/)*{_PART}", fullmatch=True).filter(
    lambda name: 2 <= len(name) <= 256
) | st.sampled_from(["a/b", "team/app.api_v2-x", "0/1/2/3", "a." * 127 + "ab"])
ECS_NAMES = st.from_regex(re.compile(r"[A-Za-z0-9_-]{1,255}", re.ASCII), fullmatch=True) | (
    st.sampled_from(["-", "_", "a", "HEAD", "---", "A" * 255, "_-" * 127, "service"])
)
TAGS = st.from_regex(re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", re.ASCII), fullmatch=True)
TAGS |= st.sampled_from(["_", "0", "a" * 128, "v1.0.0-rc.1_x", "_..--", "sha256-abc"])
# Step Functions API reference, StartExecution: 1 to 80 characters, none of those that its `name`
# forbids; these are among the rest.
_EXECUTION = re.compile(r"[a-z0-9-]{1,80}")
# Amazon ECS developer guide, "Tag restrictions"; API reference, Tag.
_TAG_KEY = re.compile(r"[\w \-+=.:/@]{1,128}", re.ASCII)
_TAG_VALUE = re.compile(r"[\w \-+=.:/@]{0,256}", re.ASCII)


@st.composite
def targets_files(draw: st.DrawFn) -> str:
    """A targets.toml of one target, in any legal names."""
    keys = {name: draw(ECS_NAMES) for name in ("cluster", "service", "family")}
    lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    lines.append(f"repository = {json.dumps(draw(REPOSITORIES))}")
    if draw(st.booleans()):
        lines.append(f"containers = {json.dumps([draw(ECS_NAMES)])}")
    return "\n".join(["[[target]]", 'tags = ".*"', *lines])


def _serving(target: Target) -> Aws:
    """The target's service, which runs revision 7 of its family; ECR has every image."""
    made = Aws(targets=examples.targets(target))
    made.images = EveryImage()  # type: ignore[assignment]
    container = target.containers[0] if target.containers else "web"
    image = f"{REGISTRY}/{target.repository}:old"
    seven = examples.task_definition(
        7,
        family=target.family,
        taskDefinitionArn=examples.revision(7, target.family or ""),
        containerDefinitions=[{"name": container, "image": image}],
    )
    made.services.definitions[seven.arn] = seven
    made.services.all[target.name] = examples.service(desired=2).model_copy(
        update={"name": target.service, "deployments": ()}
    )
    made.services.begin(target.name, seven.arn)
    made.services.complete(target.name)
    return made


@given(targets_files(), TAGS)
def test_a_push_in_any_legal_names_goes_live_and_can_be_taken_back(text: str, tag: str) -> None:
    (target,) = load_targets(text, "dev").all
    world = _serving(target)
    pushed = push_event(repository=target.repository, tag=tag)
    effect = invoked(world, "on_image_push", pushed)
    if effect.reply["outcomes"][0]["outcome"] == "ignored":  # a signature's tag
        assert tag.startswith("sha256-")
        return
    assert _acts(world) == ["start", "register", "update", "publish"]
    record = world.record(target.name)
    assert (record.repository, record.tag) == (target.repository, tag)
    _every_name_is_legal(world, target)
    world.services.complete(target.name)
    arn = f"{examples.ARN}:service/{target.name}"
    told = examples.event("ecs-deployment-completed") | {"resources": [arn]}
    assert invoked(world, "on_service_change", told).reply["outcomes"][0]["status"] == "SUCCESSFUL"
    assert invoked(world, "watch", {"deployment": record.id}).reply["wait"] == 0
    asked = {"service": target.name, "by": "a person", "why": "to see"}
    (listed,) = invoked(world, "status", {"service": target.name}).reply["deployments"]
    assert (listed["deployment"], listed["tag"]) == (record.id, tag)
    again = invoked(world, "deploy", {**asked, "image": f"{REGISTRY}/{target.repository}:{tag}"})
    assert again.reply["status"] == "IN_PROGRESS"
    assert invoked(world, "rollback", asked).reply["status"] == "ROLLBACK_IN_PROGRESS"


def _acts(world: Aws) -> list[str]:
    return [act.split()[0] for act in world.acts]


def _every_name_is_legal(world: Aws, target: Target) -> None:
    record = world.record(target.name)
    assert re.fullmatch(r"[a-z0-9-]{1,60}", record.id)
    assert all(_EXECUTION.fullmatch(f"{name}-999") for name, _ in world.watchers.running)
    made = world.services.definitions[record.revision]
    assert made.family == target.family
    assert made.body["containerDefinitions"][0]["image"].endswith(f"{target.repository}@{DIGEST}")
    assert all(_TAG_KEY.fullmatch(key) for key in made.tags)
    assert all(_TAG_VALUE.fullmatch(value) for value in made.tags.values())
    (notice,) = world.topic.published
    sent = sent_to_sns(notice, record)
    assert re.fullmatch(r"[!-~][ -~]{0,98}", sent["Subject"])
    attributes = {name: one["StringValue"] for name, one in sent["MessageAttributes"].items()}
    assert attributes["service"] == target.name
    assert all(attributes.values())
    keys = ledger.DynamoLedger("t", 400)._record(record)
    # Amazon DynamoDB developer guide: a partition key of 2,048 bytes, a sort key of 1,024.
    assert len(keys["pk"]["S"].encode()) <= 2_048
    assert len(keys["sk"]["S"].encode()) <= 1_024


LONGEST = {
    "cluster": "C" * 255, "service": "S_-" * 85, "family": "f" * 255, "container": "c" * 255,
    "repository": "team.a/" + "app_x-1." * 31 + "z", "tag": "T" * 128,
}  # fmt: skip
SHORTEST = {
    "cluster": "_", "service": "-", "family": "F", "container": "0", "repository": "a/b",
    "tag": "_",
}  # fmt: skip


def _team(t: Rehearsal, names: dict[str, str]) -> None:
    """The service as a person makes it, in these names."""
    ecs: Any = t.client("ecs")
    t.client("ecr").create_repository(repositoryName=names["repository"])
    conflicto.push(t.client, names["repository"], ["first"])
    image = f"{conflicto.repository_uri(names['repository'])}:first"
    container = {"name": names["container"], "image": image, "essential": True, "memory": 128}
    ecs.register_task_definition(family=names["family"], containerDefinitions=[container])
    ecs.create_cluster(clusterName=names["cluster"])
    ecs.create_service(
        cluster=names["cluster"], serviceName=names["service"], taskDefinition=names["family"],
        desiredCount=1,
    )  # fmt: skip


@pytest.mark.parametrize("names", [LONGEST, SHORTEST], ids=["the longest", "the shortest"])
def test_names_go_through_every_aws_call_and_back(names: dict[str, str]) -> None:
    keys = [f"{key} = {json.dumps(names[key])}" for key in ("cluster", "service", "repository")]
    with rehearse("\n".join(["[[target]]", *keys]), Rehearsal) as t:
        t.deliver = False
        _team(t, names)
        t.advance(300)
        t.deliver = True
        service = f"{names['cluster']}/{names['service']}"
        digest = conflicto.push(t.client, names["repository"], [names["tag"]])
        record = t.settle(service, digest)
        assert (record["status"], record["tag"]) == ("SUCCESSFUL", names["tag"])
        assert record["revision"] == f"{names['family']}:2"
        assert t.failures == []

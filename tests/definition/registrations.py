"""Any task definition that botocore's model describes, how it is rendered, what ECS answers."""

from __future__ import annotations

import copy
import json
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, Shape, StructureShape
from hypothesis import strategies as st

from chalicelib.definition.render import provenance, render
from chalicelib.model.task_definitions import TaskDefinition
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, URI

ECS = botocore.session.get_session().get_service_model("ecs")

IMAGE = f"{URI}@{DIGEST}"
MARKS = provenance("d-1", "abc1234", "push")


def rendered(base: TaskDefinition, containers: tuple[str, ...] = ()) -> dict[str, Any]:
    """The registration of the examples' image."""
    return render(base, IMAGE, URI, containers, MARKS)


def registered(registration: dict[str, Any]) -> TaskDefinition:
    """What ECS answers to a registration: the same, with fields of its own."""
    body = {key: value for key, value in copy.deepcopy(registration).items() if key != "tags"}
    body |= {"taskDefinitionArn": examples.revision(8, body["family"]), "revision": 8}
    tags = {tag["key"]: tag["value"] for tag in registration["tags"]}
    return TaskDefinition(body=body, tags=tags)


def _members(shape: Shape | None) -> dict[str, Shape]:
    assert isinstance(shape, StructureShape)
    return dict(shape.members)


REGISTRATION = _members(ECS.operation_model("RegisterTaskDefinition").input_shape)
DESCRIBED = _members(ECS.shape_for("TaskDefinition"))

_TEXT = st.sampled_from(["", "0", "a b", "äöü ☃ 𝄞", "{}", "aws:x", "line\nbreak", '"quoted"'])
_UNKNOWN: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", 0, [], {}, {"deep": [{"er": ""}]}, 1.5, True]
)
_IMAGES = st.sampled_from(
    [
        f"{examples.URI}@{examples.OLD_DIGEST}",
        f"{examples.URI}:abc",
        f"{examples.URI}-worker:abc",
        "nginx",
        "localhost:5000/nginx:1",
        "public.ecr.aws/appmesh/envoy:v1",
    ]
)
_LEAVES = {
    "string": _TEXT,
    "integer": st.sampled_from([0, 1, -1, 2**31 - 1]),
    "boolean": st.booleans(),
}


def _of(shape: Shape, *, full: bool) -> st.SearchStrategy[Any]:
    """Values of a shape; `full`: every field present, else any subset and unknown ones too."""
    if isinstance(shape, StructureShape):
        fields = {name: _of(member, full=full) for name, member in shape.members.items()}
        if full:
            return st.fixed_dictionaries(fields)
        known = st.fixed_dictionaries({}, optional=fields)
        return st.builds(_with_unknown, known, st.none() | _UNKNOWN.map(lambda value: [value]))
    if isinstance(shape, ListShape):
        return st.lists(_of(shape.member, full=full), min_size=full, max_size=2)
    if isinstance(shape, MapShape):
        return st.dictionaries(_TEXT, _of(shape.value, full=full), min_size=full, max_size=2)
    return _LEAVES[shape.type_name]


def _with_unknown(known: dict[str, Any], unknown: list[Any] | None) -> dict[str, Any]:
    return {**known, "notYetInTheSdk": unknown[0]} if unknown else known


def _named(container: dict[str, Any], number: int, image: str) -> dict[str, Any]:
    for key in ("environment", "secrets"):
        entries = container.get(key, [])
        named = [{**entry, "name": f"{key}-{place}"} for place, entry in enumerate(entries)]
        container = {**container, key: named} if key in container else container
    return {**container, "name": f"container-{number}", "image": image}


@st.composite
def bodies(draw: st.DrawFn, *, full: bool = False, most: int = 10) -> dict[str, Any]:
    """What DescribeTaskDefinition answers: any fields, 1 to `most` containers, unknown fields.

    At least one container runs an image of the examples' repository.
    """
    members = dict(REGISTRATION)
    containers_shape = members.pop("containerDefinitions")
    assert isinstance(containers_shape, ListShape)
    container = containers_shape.member
    del members["tags"]
    fields = {name: _of(member, full=full) for name, member in members.items()}
    body = draw(st.fixed_dictionaries(fields if full else {}, optional={} if full else fields))
    number = draw(st.integers(1, most))
    containers = draw(st.lists(_of(container, full=full), min_size=1, max_size=2))
    body["containerDefinitions"] = [
        _named(containers[place % len(containers)], place, draw(_IMAGES)) for place in range(number)
    ]
    ours = draw(st.integers(0, number - 1))
    body["containerDefinitions"][ours]["image"] = f"{examples.URI}:was"
    answered = draw(st.fixed_dictionaries({}, optional={"notYetInTheSdk": _UNKNOWN}))
    arn = examples.revision(7, "web")
    whole = {**body, **answered, "family": "web", "taskDefinitionArn": arn}
    copied: dict[str, Any] = json.loads(json.dumps(whole))  # no part of it is shared with another
    return copied

"""two task definitions -> the names of the fields in which they differ."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.definition.compare import changed_fields
from chalicelib.definition.render import RESPONSE_ONLY
from tests.definition.registrations import bodies
from tests.fixtures import examples

WEB: dict[str, Any] = {
    "name": "web",
    "image": "a:1",
    "cpu": 256,
    "environment": [{"name": "MODE", "value": "hidden"}, {"name": "URL", "value": "hidden"}],
    "secrets": [{"name": "TOKEN", "valueFrom": "arn:hidden"}],
    "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/ecs/web"}},
    "portMappings": [{"containerPort": 80}],
    "essential": True,
}
BEFORE = {"family": "x", "cpu": "256", "revision": 1, "containerDefinitions": [WEB]}


def _after(web: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {**BEFORE, "containerDefinitions": [WEB | (web or {})], **fields}


@pytest.mark.parametrize(
    ("after", "changed"),
    [
        (_after(), ()),
        (_after(revision=2, status="ACTIVE", tags=[{"key": "a"}]), ()),
        (_after(cpu="512"), ("cpu",)),
        (_after(web={"image": "a:2"}), ("containerDefinitions[web].image",)),
        (_after(web={"cpu": 1}, memory="1"), ("containerDefinitions[web].cpu", "+memory")),
        (_after(web={"essential": 1}), ("containerDefinitions[web].essential",)),
        (_after(web={"environment": [{"name": "MODE", "value": "other"},
                                     {"name": "NEW", "value": ""}]}),
         ("containerDefinitions[web].environment[MODE]",
          "+containerDefinitions[web].environment[NEW]",
          "-containerDefinitions[web].environment[URL]")),
        (_after(web={"environment": WEB["environment"][::-1]}), ()),
        (_after(web={"environment": []}), ("-containerDefinitions[web].environment",)),
        (_after(web={"secrets": [{"name": "TOKEN", "valueFrom": "arn:other"}]}),
         ("containerDefinitions[web].secrets[TOKEN]",)),
        (_after(web={"logConfiguration": {"logDriver": "awslogs", "options": {}}}),
         ("-containerDefinitions[web].logConfiguration.options",)),
        (_after(web={"portMappings": [{"containerPort": 81}]}),
         ("containerDefinitions[web].portMappings",)),
        (_after(web={"mountPoints": [], "command": None, "dockerLabels": {}}), ()),
        (_after(web={"mountPoints": [{"sourceVolume": "v"}]}),
         ("+containerDefinitions[web].mountPoints",)),
        (_after(containerDefinitions=[{"name": "envoy", "image": "e"}, WEB]),
         ("+containerDefinitions[envoy]",)),
        (_after(containerDefinitions=[WEB, WEB]), ("containerDefinitions",)),
        (_after(web={"environment": [{"value": "hidden"}]}),
         ("containerDefinitions[web].environment",)),
        (_after(notKnownToTheSdk={"deep": [1]}), ("+notKnownToTheSdk",)),
    ],
)  # fmt: skip
def test_the_fields_that_differ_are_named(after: dict[str, Any], changed: tuple[str, ...]) -> None:
    assert changed_fields(BEFORE, after) == changed


def test_a_line_break_in_a_name_writes_no_line() -> None:
    assert changed_fields({}, {"a\nb": 1}) == ("+a b",)


@settings(max_examples=50)
@given(bodies())
def test_a_task_definition_does_not_differ_from_itself_in_any_order(body: dict[str, Any]) -> None:
    other = copy.deepcopy({**dict.fromkeys(RESPONSE_ONLY, "x"), **body})
    other["containerDefinitions"] = other["containerDefinitions"][::-1]
    assert changed_fields(body, other) == ()


@settings(max_examples=50)
@given(bodies(), bodies())
def test_swapping_the_two_swaps_plus_and_minus(one: dict[str, Any], other: dict[str, Any]) -> None:
    swap = str.maketrans("+-", "-+")
    there = {name[:1].translate(swap) + name[1:] for name in changed_fields(one, other)}
    assert there == set(changed_fields(other, one))


@settings(max_examples=50)
@given(bodies(), st.sampled_from(["environment", "secrets"]))
def test_no_value_of_environment_or_secrets_is_told(body: dict[str, Any], which: str) -> None:
    after = json.loads(json.dumps(body, default=str))
    for container in after["containerDefinitions"]:
        container[which] = [{"name": "N", "value": "s3cr3t", "valueFrom": "s3cr3t"}]
    assert not any("s3cr3t" in name for name in changed_fields(body, after))


def test_a_new_image_alone_is_one_name() -> None:
    before = examples.task_definition().body
    after = json.loads(json.dumps(before))
    after["containerDefinitions"][0]["image"] = "other"
    assert changed_fields(before, after) == ("containerDefinitions[conflicto-backend].image",)

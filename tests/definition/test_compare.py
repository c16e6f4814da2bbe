"""two task definitions -> the names of the fields in which they differ."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.definition.compare import changed_fields, differences
from chalicelib.definition.render import RESPONSE_ONLY
from chalicelib.model.task_definitions import TaskDefinition
from tests.definition.registrations import bodies, registered, rendered
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
def test_swapping_the_two_swaps_plus_and_minus(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    swap = str.maketrans("+-", "-+")
    there = {name[:1].translate(swap) + name[1:] for name in changed_fields(before, after)}
    assert there == set(changed_fields(after, before))


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


# What ECS registered


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from _leaves(inner, (*path, number))
    else:
        yield path


def _mutated(body: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    body = copy.deepcopy(body)
    place: Any = body
    for key in path[:-1]:
        place = place[key]
    old = place[path[-1]]
    place[path[-1]] = (not old) if isinstance(old, bool) else f"{old} otherwise"
    return body


def _without(body: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    body = copy.deepcopy(body)
    place: Any = body
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return body


@settings(max_examples=20)
@given(bodies(most=2))
def test_every_single_leaf_that_differs_is_found(body: dict[str, Any]) -> None:
    planned = rendered(TaskDefinition(body=body))
    found = registered(planned)
    for path in _leaves({key: value for key, value in planned.items() if key != "tags"}):
        other = TaskDefinition(body=_mutated(found.body, path))
        assert len(differences(planned, other)) == 1, path
        lacking = TaskDefinition(body=_without(found.body, path))
        assert len(differences(planned, lacking)) == 1, path


def _reordered(value: Any, turn: st.DataObject) -> Any:
    """Containers, environment and secrets in any order; everything else as it is."""
    if isinstance(value, dict):
        out = {key: _reordered(inner, turn) for key, inner in value.items()}
        for key in ("containerDefinitions", "environment", "secrets"):
            if key in out and all(
                isinstance(entry, dict) and "name" in entry for entry in out[key]
            ):
                out[key] = turn.draw(st.permutations(out[key]))
        return out
    return [_reordered(inner, turn) for inner in value] if isinstance(value, list) else value


def _with_defaults(value: Any) -> Any:
    if isinstance(value, dict):
        return {**{key: _with_defaults(inner) for key, inner in value.items()}, "default": [1]}
    return [_with_defaults(inner) for inner in value] if isinstance(value, list) else value


@given(bodies(), st.data())
def test_another_order_and_added_defaults_are_no_difference(
    body: dict[str, Any], data: st.DataObject
) -> None:
    planned = rendered(TaskDefinition(body=body))
    found = _with_defaults(_reordered(registered(planned).body, data))
    assert differences(planned, TaskDefinition(body=found)) == ()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        pytest.param({"cpu": "512"}, ("cpu",), id="a field"),
        pytest.param({"volumes": None}, ("volumes",), id="a list that became null"),
        pytest.param({"volumes": [{}]}, ("volumes",), id="a list that grew"),
        pytest.param({"unknownToTheSdk": {"kept": 1, "empty": ""}}, ("unknownToTheSdk.kept",),
                     id="true is not 1"),
        pytest.param({"containerDefinitions": []}, ("containerDefinitions",), id="no container"),
    ],
)  # fmt: skip
def test_a_difference_is_named(change: dict[str, Any], named: tuple[str, ...]) -> None:
    planned = rendered(examples.task_definition())
    found = registered(planned)
    other = TaskDefinition(body={**found.body, **change})
    assert differences(planned, other) == named


def test_a_difference_within_a_container_names_it_and_never_a_value() -> None:
    planned = rendered(examples.task_definition())
    found = copy.deepcopy(registered(planned))
    found.body["containerDefinitions"][0]["environment"][1]["value"] = "hidden"
    del found.body["unknownToTheSdk"]
    assert set(differences(planned, found)) == {
        "unknownToTheSdk",
        "containerDefinitions[conflicto-backend].environment[MODE].value",
    }


def test_named_lists_without_names_are_compared_in_order() -> None:
    planned = {"environment": [1, 2], "secrets": "text"}
    same = TaskDefinition(body=planned)
    assert differences(planned, same) == ()
    turned = TaskDefinition(body={**planned, "environment": [2, 1]})
    assert differences(planned, turned) == ("environment[0]", "environment[1]")

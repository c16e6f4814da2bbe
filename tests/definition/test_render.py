"""task definition + image -> registration: everything carried, one thing changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.definition.render import (
    PROVENANCE,
    RESPONSE_ONLY,
    copied,
    differences,
    image_in,
    provenance,
    render,
)
from chalicelib.errors import Refused
from chalicelib.model.registries import repository_of
from chalicelib.model.task_definitions import TaskDefinition
from tests.definition.registrations import DESCRIBED, REGISTRATION, bodies
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, URI

IMAGE = f"{URI}@{DIGEST}"
MARKS = provenance("d-1", "abc1234", "push")
GOLDEN = examples.HERE / "golden"


def _render(base: TaskDefinition, containers: tuple[str, ...] = ()) -> dict[str, Any]:
    return render(base, IMAGE, URI, containers, MARKS)


def _registered(registration: dict[str, Any]) -> TaskDefinition:
    """What ECS answers to a registration: the same, with fields and defaults of its own."""
    body = {key: value for key, value in copy.deepcopy(registration).items() if key != "tags"}
    body |= {"taskDefinitionArn": examples.revision(8, body["family"]), "revision": 8}
    tags = {tag["key"]: tag["value"] for tag in registration["tags"]}
    return TaskDefinition(body=body, tags=tags)


# The fields that only an answer has


def test_the_response_only_fields_are_those_of_botocores_model() -> None:
    assert DESCRIBED.keys() - REGISTRATION.keys() == RESPONSE_ONLY


def test_a_registration_takes_no_field_that_an_answer_lacks_but_the_tags() -> None:
    assert REGISTRATION.keys() - DESCRIBED.keys() == {"tags"}


# render: one thing changed


def _changes(before: Any, after: Any, path: str = "") -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before.keys() | after.keys():
            yield from _changes(
                before.get(key, "absent"), after.get(key, "absent"), f"{path}/{key}"
            )
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _changes(one, other, f"{path}/{number}")
    elif json.dumps(before) != json.dumps(after):
        yield path


@settings(max_examples=100)
@given(bodies())
def test_only_the_image_of_the_chosen_containers_differs(body: dict[str, Any]) -> None:
    base = TaskDefinition(body=body)
    before = json.dumps(body)
    registration = _render(base)
    assert json.dumps(body) == before
    chosen = {
        f"/containerDefinitions/{number}/image"
        for number, container in enumerate(body["containerDefinitions"])
        if repository_of(container["image"]) == URI
    }
    sent = {key: value for key, value in body.items() if key not in RESPONSE_ONLY}
    assert set(_changes(sent, {**registration, "tags": "absent"})) == chosen


@settings(max_examples=15)
@given(bodies(full=True, most=2))
def test_every_field_that_can_be_registered_is_carried_byte_by_byte(body: dict[str, Any]) -> None:
    assert body.keys() >= REGISTRATION.keys() - {"tags"}
    registration = _render(TaskDefinition(body={**body, **dict.fromkeys(RESPONSE_ONLY, "x")}))
    del registration["tags"]
    assert list(registration) == [key for key in body if key not in RESPONSE_ONLY]
    for key, value in registration.items():
        if key != "containerDefinitions":
            assert json.dumps(value) == json.dumps(body[key])
    for sent, kept in zip(
        registration["containerDefinitions"], body["containerDefinitions"], strict=True
    ):
        assert json.dumps({**sent, "image": ""}) == json.dumps({**kept, "image": ""})


@given(bodies())
def test_rendering_what_was_registered_changes_nothing_more(body: dict[str, Any]) -> None:
    once = _render(TaskDefinition(body=body, tags={"team": "x"}))
    again = _render(_registered(once))
    assert json.dumps(once) == json.dumps(again)
    assert differences(once, _registered(once)) == ()


def test_the_containers_that_the_target_names_are_chosen_whatever_they_run() -> None:
    registration = _render(examples.task_definition(), ("envoy",))
    images = [container["image"] for container in registration["containerDefinitions"]]
    assert images == [f"{URI}@{examples.OLD_DIGEST}", IMAGE]


@pytest.mark.parametrize(
    "host",
    [
        "123456789012.dkr.ecr-fips.us-west-2.amazonaws.com",
        "123456789012.dkr-ecr.us-west-2.on.aws",
    ],
    ids=["FIPS", "dual stack"],
)
@pytest.mark.parametrize("containers", [(), ("web",)], ids=["by repository", "by name"])
def test_a_service_stays_on_its_registrys_host(host: str, containers: tuple[str, ...]) -> None:
    web = {"name": "web", "image": f"{host}/{examples.REPOSITORY}:was"}
    other = {"name": "log", "image": f"{host}/log-router:1"}
    base = examples.task_definition(containerDefinitions=[web, other])
    images = [one["image"] for one in _render(base, containers)["containerDefinitions"]]
    assert images == [f"{host}/{examples.REPOSITORY}@{DIGEST}", f"{host}/log-router:1"]


def test_a_container_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(Refused) as refused:
        _render(examples.task_definition(), ("web",))
    assert str(refused.value) == (
        "conflicto-backend-dev:7 has no container named 'web'; it has conflicto-backend, envoy. "
        "Correct `containers` in targets.toml."
    )


def test_a_task_definition_without_an_image_of_the_repository_is_refused() -> None:
    base = examples.task_definition(
        containerDefinitions=[{"name": "web", "image": f"{URI}-worker:1"}, {"name": "x"}]
    )
    with pytest.raises(Refused, match=r"no container of conflicto-backend-dev:7 runs an image of"):
        _render(base)


def test_no_environment_value_is_named_in_a_refusal() -> None:
    container = {"name": "web", "image": "nginx", "environment": [{"name": "K", "value": "hidden"}]}
    for containers in ((), ("x",)):
        with pytest.raises(Refused) as refused:
            _render(examples.task_definition(containerDefinitions=[container]), containers)
        assert "hidden" not in str(refused.value)


# Tags


def test_tags_are_carried_but_the_reserved_ones() -> None:
    tags = {"team": "x", "aws:cloudformation:stack-name": "s", "AWS:odd": "y", "empty": ""}
    registration = _render(examples.task_definition().model_copy(update={"tags": tags}))
    assert registration["tags"] == [
        {"key": "team", "value": "x"},
        {"key": "empty", "value": ""},
        {"key": "slipway:deployment", "value": "d-1"},
        {"key": "slipway:cause", "value": "push"},
        {"key": "slipway:image-tag", "value": "abc1234"},
    ]


def test_the_provenance_of_an_earlier_deployment_is_replaced() -> None:
    base = examples.task_definition().model_copy(
        update={"tags": provenance("d-0", "old", "manual")}
    )
    tags = {tag["key"]: tag["value"] for tag in _render(base)["tags"]}
    assert tags == MARKS
    assert tags[PROVENANCE] == "d-1"


def test_an_image_without_a_tag_has_no_tag_in_its_provenance() -> None:
    assert provenance("d-1", "", "manual") == {
        "slipway:deployment": "d-1",
        "slipway:cause": "manual",
    }


@pytest.mark.parametrize(("tags", "fits"), [(47, True), (48, False)])
def test_more_tags_than_ecs_allows_are_refused(tags: int, fits: bool) -> None:
    many = {f"tag-{number}": "x" for number in range(tags)}
    base = examples.task_definition().model_copy(update={"tags": many})
    if fits:
        assert len(_render(base)["tags"]) == 50
    else:
        with pytest.raises(Refused, match=r"has 48 tags and ECS allows 50; .* Remove 1 of its"):
            _render(base)


def test_a_copy_is_the_same_again_with_its_provenance() -> None:
    base = examples.task_definition(status="INACTIVE", deregisteredAt=1.5)
    copy_ = copied(base, MARKS)
    assert {tag["key"]: tag["value"] for tag in copy_.pop("tags")} == MARKS
    assert copy_ == {key: value for key, value in base.body.items() if key not in RESPONSE_ONLY}


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
    planned = _render(TaskDefinition(body=body))
    registered = _registered(planned)
    for path in _leaves({key: value for key, value in planned.items() if key != "tags"}):
        other = TaskDefinition(body=_mutated(registered.body, path))
        assert len(differences(planned, other)) == 1, path
        lacking = TaskDefinition(body=_without(registered.body, path))
        assert len(differences(planned, lacking)) == 1, path


def _reordered(value: Any, turn: st.DataObject) -> Any:
    """Containers, environment and secrets in any order; everything else as it is."""
    if isinstance(value, dict):
        out = {key: _reordered(inner, turn) for key, inner in value.items()}
        for key in ("containerDefinitions", "environment", "secrets"):
            if key in out and all(isinstance(one, dict) and "name" in one for one in out[key]):
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
    planned = _render(TaskDefinition(body=body))
    registered = _with_defaults(_reordered(_registered(planned).body, data))
    assert differences(planned, TaskDefinition(body=registered)) == ()


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
    planned = _render(examples.task_definition())
    registered = _registered(planned)
    other = registered.model_copy(update={"body": {**registered.body, **change}})
    assert differences(planned, other) == named


def test_a_difference_within_a_container_names_it_and_never_a_value() -> None:
    planned = _render(examples.task_definition())
    registered = copy.deepcopy(_registered(planned))
    registered.body["containerDefinitions"][0]["environment"][1]["value"] = "hidden"
    del registered.body["unknownToTheSdk"]
    assert set(differences(planned, registered)) == {
        "unknownToTheSdk",
        "containerDefinitions[conflicto-backend].environment[MODE].value",
    }


def test_named_lists_without_names_are_compared_in_order() -> None:
    planned = {"environment": [1, 2], "secrets": "text"}
    same = TaskDefinition(body=planned)
    assert differences(planned, same) == ()
    turned = TaskDefinition(body={**planned, "environment": [2, 1]})
    assert differences(planned, turned) == ("environment[0]", "environment[1]")


# Golden files


@pytest.mark.parametrize("name", [*examples.SAMPLE_TASK_DEFINITIONS, "unknown_fields"])
def test_what_ecs_describes_is_registered_again_as_reviewed(name: str) -> None:
    before = json.loads((GOLDEN / f"{name}.before.json").read_text("utf-8"))
    tags = {tag["key"]: tag["value"] for tag in before["tags"]}
    base = TaskDefinition(body=before["taskDefinition"], tags=tags)
    after = (GOLDEN / f"{name}.after.json").read_text("utf-8")
    assert json.dumps(_render(base), indent=2) + "\n" == after


@pytest.mark.parametrize("name", examples.SAMPLE_TASK_DEFINITIONS)
def test_a_golden_file_is_its_sample_but_for_the_image(name: str) -> None:
    sample = examples.sample_task_definition(name)
    after = json.loads((GOLDEN / f"{name}.after.json").read_text("utf-8"))
    after.pop("tags")
    assert set(_changes(sample, after)) == {"/containerDefinitions/0/image"}


# The image that runs


@pytest.mark.parametrize(
    ("repository", "containers", "image"),
    [
        pytest.param("conflicto-backend-dev", (), f"{URI}@{examples.OLD_DIGEST}", id="by name"),
        pytest.param("backend-dev", (), "", id="the name is compared whole"),
        pytest.param("other", ("envoy",), "public.ecr.aws/appmesh/envoy:v1", id="by container"),
        pytest.param("other", (), "", id="none"),
    ],
)
def test_the_image_that_a_revision_runs_is_found(
    repository: str, containers: tuple[str, ...], image: str
) -> None:
    assert image_in(examples.task_definition(), repository, containers) == image


def test_the_image_of_a_repository_whose_name_ends_alike_is_not_taken_for_it() -> None:
    nested, own = f"{examples.REGISTRY}/team/app@{DIGEST}", f"{examples.REGISTRY}/app@{DIGEST}"
    containers = [{"name": "nested", "image": nested}, {"name": "own", "image": own}]
    base = examples.task_definition(containerDefinitions=containers)
    assert image_in(base, "app", ()) == own
    assert image_in(base, "team/app", ()) == nested


def test_the_image_is_found_under_any_host_of_its_registry_and_no_other() -> None:
    dual, foreign = (
        f"{host}/{examples.REPOSITORY}@{DIGEST}"
        for host in (
            "123456789012.dkr-ecr.us-west-2.on.aws",
            "999999999999.dkr.ecr.us-west-2.amazonaws.com",
        )
    )
    containers = [{"name": "foreign", "image": foreign}, {"name": "own", "image": dual}]
    base = examples.task_definition(containerDefinitions=containers)
    assert image_in(base, examples.REPOSITORY, (), examples.PLACE) == dual

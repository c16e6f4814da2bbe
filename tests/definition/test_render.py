"""task definition + image -> registration: everything carried, one thing changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings

from chalicelib.definition.compare import differences
from chalicelib.definition.render import (
    PROVENANCE,
    RESPONSE_ONLY,
    copied,
    image_in,
    provenance,
)
from chalicelib.errors import Refused
from chalicelib.model.registries import repository_of
from chalicelib.model.task_definitions import TaskDefinition
from tests.definition.registrations import (
    DESCRIBED,
    IMAGE,
    MARKS,
    REGISTRATION,
    bodies,
    registered,
    rendered,
)
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, URI

GOLDEN = examples.HERE / "golden"


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
        for number, (was, now) in enumerate(zip(before, after, strict=True)):
            yield from _changes(was, now, f"{path}/{number}")
    elif json.dumps(before) != json.dumps(after):
        yield path


@settings(max_examples=100)
@given(bodies())
def test_only_the_image_of_the_chosen_containers_differs(body: dict[str, Any]) -> None:
    base = TaskDefinition(body=body)
    before = json.dumps(body)
    registration = rendered(base)
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
    registration = rendered(TaskDefinition(body={**body, **dict.fromkeys(RESPONSE_ONLY, "x")}))
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
    once = rendered(TaskDefinition(body=body, tags={"team": "x"}))
    again = rendered(registered(once))
    assert json.dumps(once) == json.dumps(again)
    assert differences(once, registered(once)) == ()


def test_the_containers_that_the_target_names_are_chosen_whatever_they_run() -> None:
    registration = rendered(examples.task_definition(), ("envoy",))
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
    images = [
        container["image"] for container in rendered(base, containers)["containerDefinitions"]
    ]
    assert images == [f"{host}/{examples.REPOSITORY}@{DIGEST}", f"{host}/log-router:1"]


def test_a_container_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(Refused) as refused:
        rendered(examples.task_definition(), ("web",))
    assert str(refused.value) == (
        "conflicto-backend-dev:7 has no container named 'web'; it has conflicto-backend, envoy. "
        "Correct `containers` in targets.toml."
    )


def test_a_task_definition_without_an_image_of_the_repository_is_refused() -> None:
    base = examples.task_definition(
        containerDefinitions=[{"name": "web", "image": f"{URI}-worker:1"}, {"name": "x"}]
    )
    with pytest.raises(Refused, match=r"no container of conflicto-backend-dev:7 runs an image of"):
        rendered(base)


def test_no_environment_value_is_named_in_a_refusal() -> None:
    container = {"name": "web", "image": "nginx", "environment": [{"name": "K", "value": "hidden"}]}
    for containers in ((), ("x",)):
        with pytest.raises(Refused) as refused:
            rendered(examples.task_definition(containerDefinitions=[container]), containers)
        assert "hidden" not in str(refused.value)


# Tags


def test_tags_are_carried_but_the_reserved_ones() -> None:
    tags = {"team": "x", "aws:cloudformation:stack-name": "s", "AWS:odd": "y", "empty": ""}
    registration = rendered(examples.task_definition().model_copy(update={"tags": tags}))
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
    tags = {tag["key"]: tag["value"] for tag in rendered(base)["tags"]}
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
        assert len(rendered(base)["tags"]) == 50
    else:
        with pytest.raises(Refused, match=r"has 48 tags and ECS allows 50; .* Remove 1 of its"):
            rendered(base)


def test_a_copy_is_the_same_again_with_its_provenance() -> None:
    base = examples.task_definition(status="INACTIVE", deregisteredAt=1.5)
    copy_ = copied(base, MARKS)
    assert {tag["key"]: tag["value"] for tag in copy_.pop("tags")} == MARKS
    assert copy_ == {key: value for key, value in base.body.items() if key not in RESPONSE_ONLY}


# Golden files


@pytest.mark.parametrize("name", [*examples.SAMPLE_TASK_DEFINITIONS, "unknown_fields"])
def test_what_ecs_describes_is_registered_again_as_reviewed(name: str) -> None:
    before = json.loads((GOLDEN / f"{name}.before.json").read_text("utf-8"))
    tags = {tag["key"]: tag["value"] for tag in before["tags"]}
    base = TaskDefinition(body=before["taskDefinition"], tags=tags)
    after = (GOLDEN / f"{name}.after.json").read_text("utf-8")
    assert json.dumps(rendered(base), indent=2) + "\n" == after


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

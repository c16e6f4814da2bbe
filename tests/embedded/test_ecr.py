"""ECR: digests, events, pages, immutable tags, indexes and their images."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from moto import mock_aws

from embedded.clock.clock import VirtualClock
from embedded.services import ecr
from embedded.services.ecs import Place
from tests.embedded.ecs.web_service import client, hold_to_the_model, sample, web_service

HERE = Place("123456789012", "us-west-2")
URI = "123456789012.dkr.ecr.us-west-2.amazonaws.com/web"
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def manifest(name: str = "a") -> str:
    body = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "size": 100, "digest": f"sha256:{name}"},
        "layers": [{"size": 1000, "digest": "sha256:layer"}],
    }
    return json.dumps(body)


def digest_of(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


class Registry:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.events: list[dict[str, Any]] = []
        self.api = client("ecr")
        hold_to_the_model(self.api)
        self.api.create_repository(repositoryName="web")

    def push(self, text: str, tag: str | None = None, **extra: Any) -> dict[str, Any]:
        if tag is not None:
            extra["imageTag"] = tag
        answer = self.api.put_image(repositoryName="web", imageManifest=text, **extra)
        image: dict[str, Any] = answer["image"]
        return image

    def describe(self, **extra: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api.describe_images(repositoryName="web", **extra)[
            "imageDetails"
        ]
        return found

    def told(self) -> list[tuple[str, str, str | None]]:
        details = [each["detail"] for each in self.events]
        return [(d["action-type"], d["image-digest"], d.get("image-tag")) for d in details]


@pytest.fixture
def registry() -> Iterator[Registry]:
    with mock_aws():
        opened = Registry()
        with ecr.install(opened.clock, opened.events.append):
            yield opened


def test_a_push_is_told_with_the_real_digest(registry: Registry) -> None:
    image = registry.push(manifest(), "abc1234")
    digest = digest_of(manifest())
    assert image["imageId"] == {"imageDigest": digest, "imageTag": "abc1234"}
    assert registry.told() == [("PUSH", digest, "abc1234")]


@pytest.mark.parametrize(
    ("name", "tag"), [("ecr-push", "abc1234"), ("ecr-push-untagged", None), ("ecr-delete", "x")]
)
def test_events_look_like_the_samples(registry: Registry, name: str, tag: str | None) -> None:
    image = registry.push(manifest(), tag)
    if name == "ecr-delete":
        registry.api.batch_delete_image(repositoryName="web", imageIds=[image["imageId"]])
    wanted, found = sample("events", name), registry.events[-1]
    assert set(found) == set(wanted)
    assert set(found["detail"]) == set(wanted["detail"])
    fixed = ("version", "detail-type", "source", "account", "region", "resources")
    assert {key: found[key] for key in fixed} == {key: wanted[key] for key in fixed}
    assert found["detail"]["action-type"] == wanted["detail"]["action-type"]
    assert found["time"] == "2026-03-02T10:00:00Z"


def test_tagging_an_image_that_is_there_is_a_push_and_keeps_its_date(registry: Registry) -> None:
    registry.push(manifest(), "abc1234")
    pushed = registry.describe()[0]["imagePushedAt"]
    registry.clock.advance(60)
    registry.push(manifest(), "prod")
    [detail] = registry.describe()
    assert detail["imageTags"] == ["abc1234", "prod"]
    assert detail["imagePushedAt"] == pushed
    assert [tag for _, _, tag in registry.told()] == ["abc1234", "prod"]


def test_a_tag_moves_to_the_newer_image(registry: Registry) -> None:
    registry.push(manifest("a"), "latest")
    registry.push(manifest("b"), "latest")
    old, new = registry.describe()
    assert "imageTags" not in old
    assert new["imageTags"] == ["latest"]
    assert [action for action, _, _ in registry.told()] == ["PUSH", "PUSH"]


def test_the_same_image_and_tag_again_is_refused_without_an_event(registry: Registry) -> None:
    registry.push(manifest(), "a")
    with pytest.raises(registry.api.exceptions.ImageAlreadyExistsException):
        registry.push(manifest(), "a")
    assert len(registry.events) == 1


def test_immutable_tags_are_refused_without_an_event(registry: Registry) -> None:
    registry.api.put_image_tag_mutability(repositoryName="web", imageTagMutability="IMMUTABLE")
    registry.push(manifest("a"), "v1")
    with pytest.raises(
        registry.api.exceptions.ImageTagAlreadyExistsException, match="tag is immutable"
    ):
        registry.push(manifest("b"), "v1")
    assert len(registry.events) == 1


@pytest.mark.parametrize(
    ("mutability", "moves", "stays"),
    [
        ("IMMUTABLE_WITH_EXCLUSION", "dev-1", "v1"),
        ("MUTABLE_WITH_EXCLUSION", "v1", "dev-1"),
    ],
)
def test_exclusion_filters_turn_the_rule_round(
    registry: Registry, mutability: str, moves: str, stays: str
) -> None:
    registry.api.put_image_tag_mutability(
        repositoryName="web",
        imageTagMutability=mutability,
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev-*"}],
    )
    for tag in (moves, stays):
        registry.push(manifest(tag), tag)
    registry.push(manifest("new"), moves)
    with pytest.raises(registry.api.exceptions.ImageTagAlreadyExistsException):
        registry.push(manifest("newer"), stays)


def test_images_are_described_with_types_size_date_and_status(registry: Registry) -> None:
    registry.clock.advance(90)
    registry.push(manifest(), "a")
    [detail] = registry.describe()
    assert detail["imageManifestMediaType"] == MANIFEST
    assert detail["artifactMediaType"] == CONFIG
    assert detail["imageSizeInBytes"] == 1100 + len(manifest())
    assert detail["imageStatus"] == "ACTIVE"
    assert detail["imagePushedAt"].timestamp() == registry.clock.now().timestamp()


def test_an_index_needs_its_images_and_holds_them(registry: Registry) -> None:
    child = digest_of(manifest())
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [{"digest": child}]})
    with pytest.raises(registry.api.exceptions.ReferencedImagesNotFoundException):
        registry.push(index, "v1")
    registry.push(manifest())
    registry.push(index, "v1")
    described = {each["imageDigest"]: each for each in registry.describe()}
    assert "artifactMediaType" not in described[digest_of(index)]
    answer = registry.api.batch_delete_image(
        repositoryName="web", imageIds=[{"imageDigest": child}]
    )
    assert answer["failures"][0]["failureCode"] == "ImageReferencedByManifestList"
    assert registry.told()[0] == ("PUSH", child, None)


def test_a_digest_that_does_not_match_is_refused(registry: Registry) -> None:
    with pytest.raises(registry.api.exceptions.ImageDigestDoesNotMatchException):
        registry.push(manifest(), imageDigest="sha256:" + "0" * 64)


def test_lists_come_in_pages_and_by_tag_status(registry: Registry) -> None:
    for number in range(5):
        registry.push(manifest(str(number)), f"v{number}" if number else None)
    pages = registry.api.get_paginator("describe_images").paginate(
        repositoryName="web", PaginationConfig={"PageSize": 2}
    )
    assert [len(page["imageDetails"]) for page in pages] == [2, 2, 1]
    tagged = registry.api.list_images(repositoryName="web", filter={"tagStatus": "TAGGED"})
    assert [each["imageTag"] for each in tagged["imageIds"]] == ["v1", "v2", "v3", "v4"]
    first = registry.api.list_images(repositoryName="web", maxResults=1)
    assert first["imageIds"] == [{"imageDigest": digest_of(manifest("0"))}]
    assert "nextToken" in first
    assert len(registry.describe(filter={"tagStatus": "UNTAGGED"})) == 1


def test_an_unknown_image_is_not_found(registry: Registry) -> None:
    with pytest.raises(registry.api.exceptions.ImageNotFoundException):
        registry.describe(imageIds=[{"imageTag": "none"}])
    got = registry.api.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "none"}])
    assert got["failures"][0]["failureCode"] == "ImageNotFound"
    with pytest.raises(registry.api.exceptions.RepositoryNotFoundException):
        registry.api.describe_images(repositoryName="none")


def test_an_image_is_got_under_the_tag_asked_for(registry: Registry) -> None:
    for tag in ("a", "b"):
        registry.push(manifest(), tag)
    got = registry.api.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "a"}])
    assert got["images"][0]["imageId"]["imageTag"] == "a"
    assert got["images"][0]["imageManifest"] == manifest()


def test_deleting_a_tag_keeps_the_image_that_has_others(registry: Registry) -> None:
    for tag in ("a", "b"):
        registry.push(manifest(), tag)
    registry.events.clear()
    digest = digest_of(manifest())
    registry.api.batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "a"}])
    assert registry.describe()[0]["imageTags"] == ["b"]
    registry.api.batch_delete_image(repositoryName="web", imageIds=[{"imageDigest": digest}])
    assert registry.describe() == []
    assert registry.told() == [("DELETE", digest, "a"), ("DELETE", digest, "b")]


def test_ecs_cannot_pull_what_the_registry_has_not(registry: Registry) -> None:
    digest = registry.push(manifest(), "v1")["imageId"]["imageDigest"]
    assert ecr.pull_problem(HERE, f"{URI}@{digest}") is None
    assert ecr.pull_problem(HERE, f"{URI}:v1") is None
    assert ecr.pull_problem(HERE, "nginx:latest") is None
    for missing in (f"{URI}:v2", f"{URI}@sha256:{'0' * 64}", URI.replace("web", "other") + ":v1"):
        problem = ecr.pull_problem(HERE, missing)
        assert problem is not None
        assert problem.startswith("CannotPullContainerError: ")


@pytest.mark.parametrize(
    "host",
    [
        "123456789012.dkr.ecr-fips.us-west-2.amazonaws.com",
        "123456789012.dkr-ecr.us-west-2.on.aws",
        "123456789012.dkr-ecr-fips.us-west-2.on.aws",
    ],
)
def test_a_registry_is_pulled_from_under_each_of_its_hosts(registry: Registry, host: str) -> None:
    digest = registry.push(manifest(), "v1")["imageId"]["imageDigest"]
    assert ecr.pull_problem(HERE, f"{host}/web@{digest}") is None
    assert ecr.pull_problem(HERE, f"{host}/web:v2") is not None
    assert ecr.image_digest(HERE, f"{host}/web:v1") == digest


def test_a_password_expires_twelve_hours_from_now(registry: Registry) -> None:
    [data] = registry.api.get_authorization_token()["authorizationData"]
    assert data["expiresAt"] == registry.clock.now() + timedelta(hours=12)
    assert data["proxyEndpoint"] == "https://123456789012.dkr.ecr.us-west-2.amazonaws.com"


def test_a_missing_image_fails_a_rollout_without_any_fault() -> None:
    with web_service(pull_problem=ecr.pull_problem) as web:
        web.api.create_service(
            cluster="dev",
            serviceName="web",
            taskDefinition=web.register(f"{URI}:none"),
            desiredCount=1,
            launchType="FARGATE",
        )
        web.clock.advance(30)
        assert web.stopped()[0]["stopCode"] == "TaskFailedToStart"


def test_uninstalling_gives_moto_its_own_ecr_back() -> None:
    with mock_aws():
        told: list[Any] = []
        with ecr.install(VirtualClock(), told.append):
            pass
        api = client("ecr")
        api.create_repository(repositoryName="web")
        api.put_image(repositoryName="web", imageManifest=manifest(), imageTag="a")
        assert told == []


def test_a_task_knows_the_digest_behind_its_tag() -> None:
    with web_service(image_digest=ecr.image_digest) as web, ecr.install(web.clock, print):
        registry = client("ecr")
        registry.create_repository(repositoryName="web")
        registry.put_image(repositoryName="web", imageManifest=manifest(), imageTag="v1")
        web.create(web.register(f"{URI}:v1"))
        arn = web.ecs.tasks("dev/web")[0].arn
        [task] = web.api.describe_tasks(cluster="dev", tasks=[arn])["tasks"]
        assert task["containers"][0]["imageDigest"] == digest_of(manifest())

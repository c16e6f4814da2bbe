"""push + targets -> followers; image -> whether ECS can run it."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.decide.follow import followers, tag_deploys, undeployable
from chalicelib.events.event import Ignored
from chalicelib.model.images import ImagePush
from tests.fixtures import examples


def _push(tag: str = "abc1234", repository: str = examples.REPOSITORY) -> ImagePush:
    return ImagePush(repository=repository, digest=examples.DIGEST, tag=tag, time=examples.NOW)


@pytest.mark.parametrize(
    "repository",
    [
        "conflicto-backend-dev-worker",
        "conflicto-backend-de",
        "team/conflicto-backend-dev",
        "conflicto-backend-dev/team",
        "Conflicto-backend-dev",
    ],
)
def test_a_repository_name_is_compared_whole(repository: str) -> None:
    ignored = followers(_push(repository=repository), [examples.target()])
    assert ignored == Ignored(reason=f"no target follows the repository {repository}")


def test_one_image_deploys_to_every_service_that_follows_it_in_the_files_order() -> None:
    web, worker = examples.target(service="web"), examples.target(service="worker")
    other = examples.target(repository="other", service="other")
    assert followers(_push(), [web, other, worker]) == (web, worker)


def test_only_the_targets_whose_rule_matches_the_tag_follow() -> None:
    every, releases = examples.target(), examples.target(service="web", tags=r"v\d+")
    assert followers(_push("v7"), [every, releases]) == (every, releases)
    assert followers(_push("abc"), [every, releases]) == (every,)


def test_a_tag_outside_every_rule_is_ignored_and_the_rules_are_told() -> None:
    ignored = followers(_push("latest"), [examples.target(), examples.target(tags=r"v\d+")])
    assert isinstance(ignored, Ignored)
    assert (
        ignored.reason == r"""the tag 'latest' is outside the rule (anything but "latest", v\d+)"""
    )


@pytest.mark.parametrize(
    ("rule", "tag", "deploys"),
    [
        pytest.param(None, "abc1234", True, id="default: any tag"),
        pytest.param(None, "latest", False, id="default: not latest"),
        pytest.param(None, "latest-1", True, id="default: latest is compared whole"),
        pytest.param("latest", "latest", True, id="a rule may want latest"),
        pytest.param("[0-9a-f]{7}", "abc1234", True, id="full match"),
        pytest.param("[0-9a-f]{7}", "abc1234-rc", False, id="a prefix is no match"),
        pytest.param("[0-9a-f]{7}", "xabc1234", False, id="a suffix is no match"),
        pytest.param("^[0-9a-f]{7}$", "abc1234\n", False, id="a newline is no match"),
        pytest.param("a|b", "b", True, id="alternatives match whole"),
        pytest.param("a|b", "ab", False, id="alternatives do not add up"),
    ],
)
def test_a_targets_rule_must_match_the_whole_tag(rule: str | None, tag: str, deploys: bool) -> None:
    assert tag_deploys(tag, examples.target(tags=rule)) is deploys


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        pytest.param({}, None, id="nothing told"),
        pytest.param(
            {
                "manifest_type": "application/vnd.oci.image.manifest.v1+json",
                "artifact_type": "application/vnd.oci.image.config.v1+json",
            },
            None,
            id="an OCI image",
        ),
        pytest.param(
            {
                "manifest_type": "application/vnd.docker.distribution.manifest.v2+json",
                "artifact_type": "application/vnd.docker.container.image.v1+json",
            },
            None,
            id="a Docker image",
        ),
        pytest.param(
            {"manifest_type": "application/vnd.oci.image.index.v1+json"}, None, id="an OCI index"
        ),
        pytest.param(
            {"manifest_type": "application/vnd.docker.distribution.manifest.list.v2+json"},
            None,
            id="a Docker manifest list",
        ),
        pytest.param(
            {"manifest_type": "application/vnd.cncf.oras.artifact.manifest.v1+json"},
            "its manifest's media type is application/vnd.cncf.oras",
            id="an ORAS artifact",
        ),
        pytest.param(
            {
                "manifest_type": "application/vnd.oci.image.manifest.v1+json",
                "artifact_type": "application/vnd.cncf.helm.config.v1+json",
            },
            "it holds application/vnd.cncf.helm.config.v1+json, not a container image",
            id="a Helm chart",
        ),
        pytest.param(
            {
                "manifest_type": "application/vnd.oci.image.manifest.v1+json",
                "artifact_type": "application/vnd.dev.cosign.artifact.sig.v1+json",
            },
            "it holds application/vnd.dev.cosign",
            id="a cosign signature",
        ),
        pytest.param(
            {"status": "ARCHIVED"}, "its status is ARCHIVED, so ECS cannot", id="an archived image"
        ),
        pytest.param(
            {"status": "ACTIVATING"}, "it is being restored from the archive", id="being restored"
        ),
        pytest.param(
            {"manifest_type": "application/vnd.oci.image.manifest.v1+json", "status": "ARCHIVED"},
            "its status is ARCHIVED",
            id="an archived OCI image",
        ),
    ],
)
def test_what_ecs_cannot_run_is_told_by_its_media_types_and_its_status(
    fields: dict[str, Any], why: str | None
) -> None:
    found = undeployable(examples.image(**fields))
    assert (found is None) if why is None else (found or "").startswith(why)

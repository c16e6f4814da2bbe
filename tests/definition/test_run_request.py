"""command + settings + revision -> the RunTask request."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.definition.run_request import (
    deciding_container,
    refuse_volumes,
    run_request,
    under_token,
    with_token,
)
from chalicelib.errors import Refused
from tests.fixtures import examples
from tests.fixtures.examples import DIGEST, OTHER_DIGEST, URI, revision

IMAGE = f"{URI}@{DIGEST}"
TOKENS = st.from_regex(r"[a-z0-9-]{1,60}-[ab][0-9]{0,3}", fullmatch=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
REQUESTS = st.dictionaries(st.text(max_size=20), JSON, max_size=6)


def _body(*images: tuple[str, str]) -> dict[str, Any]:
    return {"containerDefinitions": [{"name": name, "image": image} for name, image in images]}


WEB_AND_PROXY = _body(("web", IMAGE), ("envoy", "public.ecr.aws/appmesh/envoy:v1"))


@pytest.mark.parametrize(
    ("body", "named", "expected"),
    [
        pytest.param(WEB_AND_PROXY, None, "web", id="the only one with the image"),
        pytest.param(WEB_AND_PROXY, "envoy", "envoy", id="the one that the target names"),
        pytest.param(
            _body(("web", IMAGE), ("worker", IMAGE)), "worker", "worker", id="one of two, named"
        ),
        pytest.param(
            _body(("old", f"{URI}@{OTHER_DIGEST}"), ("web", IMAGE)),
            None,
            "web",
            id="beside another image of the repository",
        ),
    ],
)
def test_the_container_that_decides(body: dict[str, Any], named: str | None, expected: str) -> None:
    assert deciding_container(body, named, IMAGE, "before") == expected


@pytest.mark.parametrize(
    ("body", "named", "reason"),
    [
        pytest.param(
            WEB_AND_PROXY,
            "wbe",
            "names the container wbe, and the task definition has web, envoy. Correct",
            id="a name that it does not have",
        ),
        pytest.param(
            _body(("web", IMAGE), ("worker", IMAGE)),
            None,
            "which container runs `before` is not clear: web, worker of the task definition's",
            id="two with the image",
        ),
        pytest.param(_body(("web", "nginx")), None, "not clear: none of the", id="none with it"),
        pytest.param({}, None, "not clear: none of the", id="no container at all"),
        pytest.param(
            {"containerDefinitions": [{}]}, None, "not clear: none of the", id="no name, no image"
        ),
    ],
)
def test_without_one_container_it_is_refused(
    body: dict[str, Any], named: str | None, reason: str
) -> None:
    with pytest.raises(Refused) as raised:
        deciding_container(body, named, IMAGE, "before")
    assert reason in str(raised.value)
    assert "targets.toml" in str(raised.value)


def test_volumes_that_are_configured_at_launch_are_refused_by_name() -> None:
    volumes = [{"name": "tmp"}, {"name": "data", "configuredAtLaunch": True}]
    with pytest.raises(Refused, match=r"EBS volumes that are configured at launch \(data\)"):
        refuse_volumes({"volumes": volumes})


@pytest.mark.parametrize(
    "body",
    [{}, {"volumes": []}, {"volumes": [{"name": "a", "configuredAtLaunch": False}, {"host": {}}]}],
    ids=["no member", "none", "other volumes"],
)
def test_other_volumes_are_no_hindrance(body: dict[str, Any]) -> None:
    refuse_volumes(body)


def test_a_request_runs_one_task_with_the_settings_of_the_services_own() -> None:
    settings = {"cluster": "dev", "launchType": "FARGATE", "newInThere": {"a": [1]}}
    request = run_request(settings, revision(8), "web", ("python", "manage.py", "migrate"))
    assert request == {
        **settings,
        "taskDefinition": revision(8),
        "count": 1,
        "overrides": {
            "containerOverrides": [{"name": "web", "command": ["python", "manage.py", "migrate"]}]
        },
    }
    assert json.loads(with_token(request, "web-1-b")) == {
        **request,
        "clientToken": "web-1-b",
        "startedBy": "slipway/web-1-b",
    }


@given(REQUESTS, TOKENS, TOKENS)
def test_under_another_token_nothing_else_of_a_request_changes(
    request: dict[str, Any], first: str, second: str
) -> None:
    saved = with_token(request, first)
    assert under_token(saved, second) == with_token(request, second)
    assert under_token(saved, first) == saved
    named = {"clientToken": second, "startedBy": f"slipway/{second}"}
    assert json.loads(under_token(saved, second)) == {**request, **named}


@given(REQUESTS, TOKENS)
def test_the_same_request_has_the_same_text(request: dict[str, Any], token: str) -> None:
    """ECS refuses a token that it knows under a request which differs in anything."""
    turned = dict(reversed(request.items()))
    assert with_token(turned, token) == with_token(request, token)


def test_the_examples_image_is_found_in_the_examples_task_definition() -> None:
    body = examples.task_definition(7).body
    own = f"{URI}@{examples.OLD_DIGEST}"
    assert deciding_container(body, None, own, "after") == "conflicto-backend"

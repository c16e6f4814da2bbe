"""ECR event -> push, or why it is none."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.events.event import Ignored, elsewhere
from chalicelib.events.image import recognise_push, untimely
from chalicelib.model.images import ImagePush
from tests.fixtures import examples

SHORT_DIGEST = "sha256:7f5b2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd1234"


PUSHES = {"ecr-push": "abc1234", "ecr-push-latest": "latest", "ecr-replication": "abc1234"}


IGNORED = {
    "ecr-delete": "action-type is DELETE, not PUSH",
    "ecr-push-cosign-signature": "names a signature, attestation or SBOM",
    "ecr-push-untagged": "no tag: a child of an image index, or an attestation",
    "ecr-referrer": "'ECR Referrer Action' from 'aws.ecr' is not an image push",
    "ecr-scan-basic": "'ECR Image Scan' from 'aws.ecr' is not an image push",
    "ecr-storage-class": "action-type is UPDATE_STORAGE_CLASS, not PUSH",
    "ecs-deployment-completed": "from 'aws.ecs' is not an image push",
    "ecs-deployment-failed": "from 'aws.ecs' is not an image push",
    "ecs-deployment-in-progress": "from 'aws.ecs' is not an image push",
    "ecs-deployment-rollback-started": "from 'aws.ecs' is not an image push",
    "ecs-lifecycle-hook-input": "not an EventBridge event",
    "ecs-service-placement-failure": "from 'aws.ecs' is not an image push",
    "ecs-task-stopped-oom": "from 'aws.ecs' is not an image push",
    "inspector-scan": "'Inspector2 Scan' from 'aws.inspector2' is not an image push",
    "slipway-deployment": "'Slipway Deployment' from 'slipway' is not an image push",
}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_every_sample_event_is_either_acted_on_or_ignored_for_a_known_reason() -> None:
    assert sorted({**PUSHES, **IGNORED}) == examples.SAMPLE_EVENTS


@pytest.mark.parametrize("name", PUSHES)
def test_a_push_event_is_recognised(name: str) -> None:
    assert recognise_push(examples.event(name)) == ImagePush(
        repository="conflicto-backend-dev",
        digest=SHORT_DIGEST,
        tag=PUSHES[name],
        time=datetime(2026, 3, 2, 10, 15, 30, tzinfo=UTC),
    )


@pytest.mark.parametrize("name", IGNORED)
def test_any_other_event_is_ignored_for_its_reason(name: str) -> None:
    ignored = recognise_push(examples.event(name))
    assert isinstance(ignored, Ignored)
    assert IGNORED[name] in ignored.reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"result": "FAILURE"}, "result FAILURE", id="a push that failed"),
        pytest.param({"image-tag": ""}, "no tag", id="an empty tag"),
        pytest.param({"image-tag": None}, "no tag", id="a null tag"),
        pytest.param({"image-tag": 7}, "image-tag", id="a tag that is no text"),
        pytest.param({"image-tag": "x" * 301}, "image-tag", id="a tag longer than any"),
        pytest.param({"image-tag": f"sha256-{'a' * 64}"}, "signature", id="a referrers tag"),
        pytest.param({"image-tag": f"sha256-{'a' * 64}.att"}, "signature", id="an attestation"),
        pytest.param({"image-tag": f"sha256-{'a' * 64}.sbom"}, "signature", id="an SBOM"),
        pytest.param({"image-digest": "sha256:XYZ"}, "not a sha256 digest", id="no hex digest"),
        pytest.param({"image-digest": "sha256:abc"}, "not a sha256 digest", id="a short digest"),
        pytest.param(
            {"image-digest": "sha256:" + "a" * 64 + "\n"}, "not a sha256", id="a trailing newline"
        ),
        pytest.param({"image-digest": "md5:" + "a" * 64}, "not a sha256", id="another hash"),
        pytest.param({"repository-name": ""}, "repository-name", id="no repository"),
        pytest.param({"action-type": "push"}, "action-type is push", id="another case"),
        pytest.param({"action-type": "REPLICATE"}, "is REPLICATE, not PUSH", id="another action"),
    ],
)
def test_a_push_event_that_is_not_quite_one_is_ignored(
    changes: dict[str, Any], reason: str
) -> None:
    event = examples.event("ecr-push")
    event["detail"] |= changes
    ignored = recognise_push(event)
    assert isinstance(ignored, Ignored)
    assert reason in ignored.reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"time": "2026-03-02T10:15:30"}, "no time zone", id="a time without a zone"),
        pytest.param({"time": "yesterday"}, "time", id="no time"),
        pytest.param({"time": 1772446530}, "time", id="a time that is a number"),
        pytest.param({"time": "1772446530"}, "time", id="a time that is a number in text"),
        pytest.param({"source": "custom.ecr"}, "'custom.ecr'", id="another source"),
        pytest.param({"detail": []}, "detail", id="a detail that is a list"),
        pytest.param({"detail": {}}, "not a complete ECR Image Action", id="an empty detail"),
    ],
)
def test_an_envelope_that_is_not_quite_one_is_ignored(changes: dict[str, Any], reason: str) -> None:
    ignored = recognise_push({**examples.event("ecr-push"), **changes})
    assert isinstance(ignored, Ignored)
    assert reason in ignored.reason


@pytest.mark.parametrize("tag", ["abc 1234", "-abc", "abc\n", "<!channel>", "ä", "a" * 129])
def test_what_ecr_allows_no_image_to_be_tagged_with_is_no_tag(tag: str) -> None:
    event = examples.event("ecr-push")
    event["detail"]["image-tag"] = tag
    assert recognise_push(event) == Ignored(reason=f"{tag!r} is not an image tag")


@pytest.mark.parametrize(
    ("time", "possible"),
    [
        pytest.param(examples.at(-86_400), True, id="yesterday"),
        pytest.param(examples.at(60), True, id="a clock that is a minute ahead"),
        pytest.param(examples.at(7_200), False, id="in two hours"),
        pytest.param(datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))), False, id="max"),
        pytest.param(datetime.min.replace(tzinfo=timezone(timedelta(hours=14))), False, id="min"),
    ],
)
def test_a_push_of_the_future_would_keep_later_ones_out(time: datetime, possible: bool) -> None:
    push = ImagePush(
        repository=examples.REPOSITORY, digest=examples.DIGEST, tag="abc1234", time=time
    )
    assert (untimely(push, examples.NOW) is None) is possible


def test_fields_that_aws_adds_one_day_do_no_harm() -> None:
    event = examples.event("ecr-push") | {"new": 1}
    event["detail"]["new"] = {"deeper": []}
    assert isinstance(recognise_push(event), ImagePush)


@given(JSON)
def test_no_json_makes_it_raise(value: Any) -> None:
    assert isinstance(recognise_push(value), Ignored)


@given(st.data())
def test_no_mutation_of_a_sample_makes_it_raise(data: st.DataObject) -> None:
    event = examples.event(data.draw(st.sampled_from(examples.SAMPLE_EVENTS)))
    for _ in range(data.draw(st.integers(1, 3))):
        place = event
        if isinstance(event.get("detail"), dict) and data.draw(st.booleans()):
            place = event["detail"]
        if not place:
            break
        key = data.draw(st.sampled_from(sorted(place)))
        if data.draw(st.booleans()):
            place[key] = data.draw(JSON)
        else:
            del place[key]
    before = copy.deepcopy(event)
    assert isinstance(recognise_push(event), ImagePush | Ignored)
    assert json.dumps(event) == json.dumps(before)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"account": "999999999999"}, id="another account"),
        pytest.param({"account": 123456789012}, id="an account that is a number"),
        pytest.param({"region": "us-east-1"}, id="another region"),
        pytest.param({"region": None}, id="no region"),
    ],
)
def test_an_event_of_another_account_or_region_is_none_of_ours(changes: dict[str, Any]) -> None:
    event = examples.event("ecr-push")
    assert elsewhere(event, examples.PLACE) is None
    ignored = elsewhere(event | changes, examples.PLACE)
    assert isinstance(ignored, Ignored)
    assert ignored.reason.endswith("Slipway deploys in 123456789012, us-west-2")

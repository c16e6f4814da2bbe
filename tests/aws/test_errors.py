"""AWS' denials, in each service's own words: who may not do what, on what."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from chalicelib.aws import errors
from chalicelib.aws.errors import translated
from chalicelib.errors import Denied

USER = "User: arn:aws:sts::123456789012:assumed-role/slipway-dev-WatchRole-1A/slipway-dev-watch"
SERVICE = "arn:aws:ecs:us-west-2:123456789012:service/shop/api"
TOPIC = "arn:aws:sns:us-west-2:123456789012:slipway-dev-notices"
NO_POLICY = "because no identity-based policy allows the"


def denied(message: str, code: str = "AccessDeniedException") -> Denied:
    errors.forget_denials()
    with pytest.raises(Denied) as raised, translated("do this"):
        raise ClientError({"Error": {"Code": code, "Message": message}}, "Operation")
    assert errors.denials() == (raised.value,)
    return raised.value


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (
            f"{USER} is not authorized to perform: ecs:UpdateService on resource: {SERVICE} "
            f"{NO_POLICY} ecs:UpdateService action",
            f"could not do this: slipway-dev-watch may not ecs:UpdateService on {SERVICE}",
        ),
        (
            f"{USER} is not authorized to perform: SNS:Publish on resource: {TOPIC} "
            f"{NO_POLICY} SNS:Publish action",
            f"could not do this: slipway-dev-watch may not SNS:Publish on {TOPIC}",
        ),
        (
            f"{USER} is not authorized to perform: ecs:ListTaskDefinitions on resource: * "
            f"{NO_POLICY} ecs:ListTaskDefinitions action",
            "could not do this: slipway-dev-watch may not ecs:ListTaskDefinitions on *",
        ),
        (
            f"{USER} is not authorized to perform: ecs:UpdateService on resource: {SERVICE} "
            "with an explicit deny in a service control policy",
            f"could not do this: slipway-dev-watch may not ecs:UpdateService on {SERVICE}, "
            "with an explicit deny in a service control policy",
        ),
        (
            f"{USER} is not authorized to perform: ecs:UpdateService",
            "could not do this: slipway-dev-watch may not ecs:UpdateService",
        ),
        ("Access Denied", "could not do this: a permission is missing. Access Denied"),
        ("", "could not do this: a permission is missing."),
    ],
    ids=["usual", "sns", "no resource level", "scp", "no resource", "short", "silent"],
)
def test_a_denial_says_who_may_not_do_what_on_what(message: str, words: str) -> None:
    assert str(denied(message)) == words


def test_the_parts_of_a_denial_are_kept() -> None:
    found = denied(
        f"{USER} is not authorized to perform: ecs:UpdateService on resource: {SERVICE} "
        f"{NO_POLICY} ecs:UpdateService action"
    )
    assert (found.who, found.action) == ("slipway-dev-watch", "ecs:UpdateService")
    assert found.resource == SERVICE


@pytest.mark.parametrize("code", ["AccessDeniedException", "AccessDenied", "AuthorizationError"])
def test_every_protocol_denies_in_its_own_code(code: str) -> None:
    assert denied("no", code).who == ""

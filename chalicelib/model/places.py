"""The account and region in which Slipway and its targets are."""

from __future__ import annotations

from chalicelib.model.base import Frozen


class Place(Frozen):
    """One AWS account and region."""

    account: str
    region: str


def place_of(arn: str) -> Place:
    """Return the place that an ARN names: `arn:PARTITION:SERVICE:REGION:ACCOUNT:…`."""
    _, _, _, region, account, _ = arn.split(":", 5)
    return Place(account=account, region=region)

"""What Slipway sends to Amazon SNS."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from chalicelib.aws import sns
from chalicelib.model.deployments import Deployment, Notice


def sent_to_sns(notice: Notice, record: Deployment) -> dict[str, Any]:
    """The parameters of the Publish call for a notice."""
    with patch.object(sns, "client") as client:
        sns.SnsTopic("arn:aws:sns:us-west-2:123456789012:t").send(notice, record.id, record.service)
    sent: dict[str, Any] = client.return_value.publish.call_args.kwargs
    return sent

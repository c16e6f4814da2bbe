"""notice -> SNS Publish: the channel that every stage has."""

from __future__ import annotations

from chalicelib.aws.clients import client
from chalicelib.aws.errors import translated
from chalicelib.errors import Refused, Unavailable
from chalicelib.model.deployments import Deployment, Notice


class SnsTopic:
    """The SNS topic that all notices go to."""

    def __init__(self, arn: str) -> None:
        self._arn = arn

    def send(
        self, notice: Notice, deployment: str, service: str, _: Deployment | None = None
    ) -> None:
        """Publish one notice.

        Raises:
            Unavailable: when it was not published, or when nobody knows whether it was.
        """
        attributes = {
            "notice": notice.id,
            "deployment": deployment,
            "service": service,
            "status": notice.status.value,
        }
        try:
            with translated(f"publish the notice {notice.id}"):
                client("sns").publish(
                    TopicArn=self._arn,
                    Subject=notice.subject,
                    Message=notice.body,
                    MessageAttributes={
                        name: {"DataType": "String", "StringValue": value}
                        for name, value in attributes.items()
                        if value  # SNS refuses an empty attribute
                    },
                )
        except Refused as refused:
            # A topic that is gone or disabled may come back, and the notice must not be lost.
            raise Unavailable(str(refused)) from refused

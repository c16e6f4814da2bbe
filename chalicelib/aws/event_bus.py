"""notice -> EventBridge PutEvents on the default bus: the channel for other programs."""

from __future__ import annotations

from chalicelib.aws.channels import Silent
from chalicelib.aws.clients import client_quick
from chalicelib.aws.errors import translated
from chalicelib.errors import Refused, Unavailable
from chalicelib.explain.event import event_of, with_record
from chalicelib.model.deployment_event import DETAIL_TYPE, SOURCE
from chalicelib.model.deployments import Deployment, Notice


class EventBus:
    """The default bus of this account and region."""

    def __init__(self, environment: str) -> None:
        self._environment = environment

    def send(
        self, notice: Notice, deployment: str, service: str, record: Deployment | None = None
    ) -> None:
        """Put one event on the bus.

        Raises:
            Unavailable: when EventBridge did not take it, or when nobody knows whether it did.
        """
        event = event_of(notice, self._environment, service, deployment)
        detail = (with_record(event, record) if record else event).model_dump_json()
        entry = {"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": detail, "Time": notice.at}
        try:
            with translated(f"put the event of {notice.id} on the bus"):
                answer = client_quick("events").put_events(Entries=[entry])
        except Refused as refused:
            raise Silent(str(refused)) from refused
        if answer.get("FailedEntryCount"):
            code = str(answer["Entries"][0].get("ErrorCode", "an error"))
            raise Unavailable(f"EventBridge answered {code} to the event of {notice.id}")

"""the embedded AWS -> Slipway's functions there, as its administrator calls them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cli.dashboard.stages import Open
from cli.functions import Functions
from embedded.account import EmbeddedAws


@dataclass(frozen=True)
class Administrator:
    """In place of a boto3 session with a person's credentials."""

    aws: EmbeddedAws

    @property
    def region_name(self) -> str:
        return self.aws.region

    def client(self, service: str, **_: Any) -> Any:
        return self.aws.client(service)


def opened(aws: EmbeddedAws, *stages: str) -> dict[str, tuple[str, Open]]:
    """The stages of an account, for the dashboard."""
    return {stage: (stage, _functions(aws, stage)) for stage in stages}


def _functions(aws: EmbeddedAws, stage: str) -> Open:
    return lambda: Functions(Administrator(aws), stage)

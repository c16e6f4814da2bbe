"""targets + AWS -> the report: look at the targets of one stage and at its stack, and judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

from chalicelib.errors import Refused
from chalicelib.model.base import Frozen
from chalicelib.model.targets import Target, Targets
from cli.doctor import definition, image, permissions, read_stack, scheduled, service, slow, stack
from cli.doctor.asking import Asking, Client
from cli.doctor.facts import TargetFacts
from cli.doctor.finding import Finding, Severity, findings
from cli.doctor.read import Reading, Tell
from cli.doctor.read_platforms import Fetch
from cli.doctor.told import by_severity
from cli.package.version import version
from cli.terminal import did_you_mean

Only = Literal["slow"]
_RULES = (
    *service.RULES,
    *definition.RULES,
    *image.RULES,
    *permissions.RULES,
    *scheduled.RULES,
)


class Report(Frozen):
    """What was looked at, what was found, and what could not be looked at."""

    looked_at: tuple[str, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        return int(any(finding.severity is Severity.ERROR for finding in self.findings))


def examine(  # noqa: PLR0913 - what to look at, and how
    client: Client,
    targets: Targets,
    now: datetime,
    *,
    only_service: str | None = None,
    only: Only | None = None,
    fetch: Fetch,
    tell: Tell = lambda _: None,
) -> Report:
    """Look at the targets, or at one, and at the stack; `now` is UTC.

    `client` gives the boto3 client of a service. With `only="slow"`, the findings are those about
    slow rollouts. AWS may deny any call: then a note says so.

    Raises:
        Refused: when the targets have no such service.
    """
    chosen = _chosen(targets, only_service)
    asking = Asking(client)
    reading = Reading(asking, targets, fetch, tell)
    found: list[Finding] = []
    for facts in reading.targets(chosen):
        found += judged(facts, only)
    looked_at = [target.name for target in chosen]
    if only is None:
        tell(f"Looking at the stack slipway-{targets.stage}")
        known = read_stack.stack(asking, targets, version(), now)
        found += findings(known.name, stack.RULES, known)
        looked_at.append(known.name)
    return Report(
        looked_at=tuple(looked_at),
        findings=tuple(by_severity(found)),
        notes=tuple(asking.notes),
    )


def judged(facts: TargetFacts, only: Only | None = None) -> Iterator[Finding]:
    """All findings about one target."""
    if only is None:
        yield from findings(facts.target.name, _RULES, facts)
    yield from slow.slow(facts)


def _chosen(targets: Targets, only_service: str | None) -> Sequence[Target]:
    if only_service is None:
        return targets.all
    if found := targets.called(only_service):
        return found
    whole = "/" in only_service
    known = [target.name if whole else target.service for target in targets.all]
    raise Refused(
        f"targets.toml has no service {only_service} in {targets.stage}."
        f"{did_you_mean(only_service, known)}"
    )

"""targets.toml and AWS -> everything that the rules judge, read once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from chalicelib.aws.ecs import service_of
from chalicelib.model.scheduled import TASKS
from chalicelib.model.targets import Target, Targets
from cli.doctor import (
    read_definition,
    read_images,
    read_permissions,
    read_returns,
    read_scheduled,
    read_target,
    read_times,
)
from cli.doctor.asking import Asking
from cli.doctor.facts import TargetFacts
from cli.doctor.read_platforms import Fetch

Tell = Callable[[str], None]
Settings = Mapping[str, Any]


class Reading:
    """One look at the targets of a stage; `tell` hears which service is looked at."""

    def __init__(self, asking: Asking, targets: Targets, fetch: Fetch, tell: Tell) -> None:
        self._asking = asking
        self._stage = targets.stage
        self._fetch = fetch
        self._tell = tell
        self._role: str | None = None

    def targets(self, chosen: Iterable[Target]) -> Iterator[TargetFacts]:
        """The facts of each target, in the file's order within a cluster."""
        by_cluster = sorted(chosen, key=lambda target: target.cluster)
        for cluster, group in groupby(by_cluster, key=lambda target: target.cluster):
            targets = list(group)
            what = "tasks without a service" if cluster == TASKS else f"services of {cluster}"
            self._tell(f"Looking at the {what}")
            names = [target.service for target in targets]
            known = None
            if cluster != TASKS:
                known = read_target.services(self._asking, cluster, names)
            for target in targets:
                self._tell(f"Looking at {target.name}")
                yield self._target(target, known)

    def _target(self, target: Target, known: Mapping[str, Settings] | None) -> TargetFacts:
        facts: dict[str, Any] = {
            "stage": self._stage,
            "target": target,
            "repository": read_images.repository(self._asking, target, self._fetch),
        }
        if target.family is not None:
            family = read_definition.family(self._asking, target.family)
            facts["family_exists"], facts["base"] = family
        if known is not None:
            facts["exists"] = target.service in known
        if known is not None and target.service in known:
            facts |= self._service(target, known[target.service], facts)
        elif known is not None:
            facts["others"] = read_target.neighbours(self._asking, target.cluster)
        if target.follow.any:
            found = read_scheduled.scheduled(self._asking, target.follow)
            facts["scheduled"], facts["follows_nothing"] = found
        return TargetFacts(**(facts | self._of_base(target, facts)))

    def _service(self, target: Target, raw: Settings, facts: Settings) -> dict[str, Any]:
        """What follows from the service itself."""
        asking, service = self._asking, service_of(raw)
        arn = read_target.what_runs(raw)
        running = read_definition.revision(asking, arn) if arn else None
        family = target.family or (running.family if running else "")
        images = facts["repository"].images or ()
        from_service = target.base == "service" or service.express
        base = running if from_service else facts.get("base")
        if base is None and target.family is None and running is not None:
            base = read_definition.revision(asking, running.family)
        return {
            "service": service,
            "settings": read_target.settings_of(raw),
            "running": running,
            "base": base,
            "target_groups": read_target.target_groups(asking, service.target_groups),
            "tasks": read_target.tasks_seen(asking, target.cluster, target.service),
            "measured": read_times.measured(asking, self._stage, target.name),
            "returns": read_returns.returns(asking, target, family, arn, images)
            if family
            else None,
        }

    def _of_base(self, target: Target, facts: Settings) -> dict[str, Any]:
        """What follows from the revision that the next one is rendered from."""
        base = facts.get("base")
        written = [
            each.log_group
            for each in (base.containers if base else ())
            if each.log_region in {"", self._asking.region}
        ]
        groups = read_target.log_groups(self._asking, [*target.log_groups, *written])
        roles = base.roles if base and target.mode == "deploy" else ()
        if self._role is None:
            self._role = read_permissions.deploy_role(self._asking, self._stage)
        not_passed = read_permissions.not_passed(self._asking, self._role, roles)
        return {"log_groups": groups, "not_passed": not_passed}

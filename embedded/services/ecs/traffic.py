"""Who gets the traffic of a service: at the beginning, at each step, in a rollback.

Documented, API reference, ServiceRevisionSummary: the weights, in percent. "Amazon ECS blue/green
service deployments workflow": green begins with none of the production traffic, blue with all.
Inferred: a first deployment has all of it from the beginning; blue has the test traffic before the
test; a rollback gives blue both kinds of traffic back at once; a deployment that finds several
revisions gives all to the one with the most.
"""

from __future__ import annotations

from embedded.services.ecs.balancers import (
    Settings,
    behind_network_balancer,
    has_alternate,
    has_test_traffic,
    has_traffic,
)
from embedded.services.ecs.service import Deployment, Service
from embedded.services.ecs.service_deployments import RevisionSummary, ServiceDeployment
from embedded.services.ecs.strategy import (
    ALL,
    CLEAN_UP,
    PRODUCTION_SHIFT,
    TEST_SHIFT,
    Step,
    Surroundings,
    backward,
    forward,
    rolls,
)


def alternates(service: Service, settings: Settings) -> bool:
    """Whether a new revision registers with the alternate target groups.

    A rolling update stays where it is (inferred), the other strategies take the groups that the
    running revision does not use.
    """
    leading = service.leading
    if leading is None or not has_alternate(settings):
        return False
    used = leading.revision.alternate
    return used if rolls(service.deployment_configuration) else not used


def begin(service: Service, new: ServiceDeployment) -> None:
    """Plan the steps of a new service deployment, and say who has the traffic before them.

    `new` is not yet among the service's own.
    """
    settings, active = new.target.revision.settings, service.active
    around = Surroundings(
        first=not active,
        reconciles=len(active) > 1,
        traffic=has_traffic(settings),
        tests=has_test_traffic(settings),
        network=behind_network_balancer(settings),
    )
    new.steps = forward(new.configuration, around)
    if not new.steps or not around.traffic:
        return
    source = next((each for each in active if each.id == new.source_id), None)
    for summary in (new.target, *new.sources):
        leads = source is not None and summary.revision is source.revision
        summary.production = ALL if leads else 0.0
        if around.tests:
            summary.test = ALL if leads else 0.0
    if around.reconciles:
        _keep_production(service, new)


def _keep_production(service: Service, new: ServiceDeployment) -> None:
    """Until they are reconciled, the revisions keep what they have."""
    before = {each.revision.arn: service.production(each) for each in service.active}
    if any(before.values()):
        for summary in new.sources:
            summary.production = before.get(summary.revision.arn) or 0.0


def shift(service: Service, ongoing: ServiceDeployment, step: Step) -> list[Deployment]:
    """Give green what the step says, and blue the rest.

    The answer is the deployments that had no production traffic and have some now.
    """
    without = [each for each in service.deployments if service.production(each) == 0]
    _shift(service, ongoing, step)
    return [each for each in without if service.production(each)]


def _shift(service: Service, ongoing: ServiceDeployment, step: Step) -> None:
    if step.production is not None and ongoing.target.production is not None:
        for summary in _all(ongoing):
            summary.production = _share(service, ongoing, summary, step.production)
    if step.test is not None and ongoing.target.test is not None:
        for summary in _all(ongoing):
            summary.test = _share(service, ongoing, summary, step.test)


def _share(
    service: Service, ongoing: ServiceDeployment, summary: RevisionSummary, green: float
) -> float:
    if summary is ongoing.target:
        return green
    blue = service.find(ongoing.source_id)
    leads = blue is not None and summary.revision is blue.revision
    return round(ALL - green, 1) if leads else 0.0


def weights_at(ongoing: ServiceDeployment, stage: str) -> tuple[dict[str, float], dict[str, float]]:
    """The production and the test weights that a hook is told at a stage, by revision.

    "Lambda hooks for Amazon ECS service deployments", Lifecycle stage payloads.
    """
    production, test = {}, {}
    for summary in _all(ongoing):
        arn = summary.revision.arn
        if stage in ("PRE_PRODUCTION_TRAFFIC_SHIFT", PRODUCTION_SHIFT):
            production[arn] = summary.production
        if stage == TEST_SHIFT:
            test[arn] = summary.test
    return _known(production), _known(test)


def _known(weights: dict[str, float | None]) -> dict[str, float]:
    """The weights that there are; whole numbers as such, as in AWS' examples."""
    return {
        arn: int(weight) if weight == int(weight) else weight
        for arn, weight in weights.items()
        if weight is not None
    }


def turn_back(service: Service, failed: ServiceDeployment) -> None:
    """Give blue the traffic back, and plan the steps of the rollback."""
    if failed.hooks and not failed.steps:
        failed.stage = failed.entered_at = None
    failed.hooks = ()
    if not failed.steps:
        return
    step = failed.step
    production, test = bool(failed.target.production), bool(failed.target.test)
    stops = step is not None and step.stage == CLEAN_UP
    if not stops:
        _shift(service, failed, Step("", production=0.0, test=0.0))
    failed.steps = backward(production=production, test=test, blue_stops=stops)
    failed.position = -1
    failed.stage = failed.steps[0].stage


def _all(ongoing: ServiceDeployment) -> tuple[RevisionSummary, ...]:
    return (ongoing.target, *ongoing.sources)

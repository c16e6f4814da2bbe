"""What CreateService and UpdateService refuse; the wording of all refusals here is inferred."""

from __future__ import annotations

from typing import Any

from embedded.services.ecs.api.refused_hooks import refuse_hooks
from embedded.services.ecs.api.refused_strategies import refuse_strategy
from embedded.services.ecs.breaker import THRESHOLD_TYPES
from embedded.services.ecs.errors import InvalidParameter
from embedded.services.ecs.service import Service

MOST_PERCENT = 100


def refuse_desired_count(request: dict[str, Any]) -> None:
    if int(request.get("desiredCount") or 0) < 0:
        raise InvalidParameter("desiredCount cannot be negative.")


def refuse_configuration(configuration: dict[str, Any], settings: dict[str, Any]) -> None:
    """Refuse a wrong configuration of a service whose revision has these settings."""
    refuse_strategy(configuration, settings)
    refuse_hooks(configuration)
    _refuse_early_success(configuration)
    _refuse_threshold(configuration.get("deploymentCircuitBreaker") or {})


def _refuse_threshold(breaker: dict[str, Any]) -> None:
    """API reference, ThresholdConfiguration."""
    chosen = breaker.get("thresholdConfiguration")
    if chosen is None:
        return
    if chosen.get("type") not in THRESHOLD_TYPES:
        raise InvalidParameter(f"Invalid threshold type: {chosen.get('type')}.")
    if int(chosen.get("value") or 0) < 1:
        raise InvalidParameter("The value of thresholdConfiguration must be at least 1.")


def _refuse_early_success(configuration: dict[str, Any]) -> None:
    """API reference, DeploymentEarlySuccessCriteria."""
    criteria = configuration.get("earlySuccessCriteria") or {}
    if not criteria.get("enable"):
        return
    percent, cleanup = criteria.get("healthyPercent"), criteria.get("sourceServiceRevisionCleanup")
    if percent is None or cleanup is None:
        raise InvalidParameter(
            "earlySuccessCriteria requires healthyPercent and sourceServiceRevisionCleanup."
        )
    if cleanup not in ("BLOCKING", "DEFERRED"):
        raise InvalidParameter(f"Invalid sourceServiceRevisionCleanup: {cleanup}.")
    if not configuration["minimumHealthyPercent"] <= percent <= MOST_PERCENT:
        raise InvalidParameter(
            "healthyPercent of earlySuccessCriteria must be between minimumHealthyPercent and 100."
        )


def refuse_for_controller(service: Service, request: dict[str, Any], *, forced: bool) -> None:
    controller = service.controller
    if controller == "ECS" or not (forced or request.get("taskDefinition")):
        return
    what = "update task definition" if request.get("taskDefinition") else "force a new deployment"
    verb = "Unable to" if request.get("taskDefinition") else "Cannot"
    instead = (
        " Use AWS CodeDeploy to trigger a new deployment." if controller == "CODE_DEPLOY" else ""
    )
    raise InvalidParameter(
        f"{verb} {what} on services with a {controller} deployment controller.{instead}"
    )


def refuse_for_express(service: Service, request: dict[str, Any]) -> None:
    """Inferred as a whole: AWS does not say whether UpdateService takes a revision here."""
    if service.express is not None and request.get("taskDefinition"):
        raise InvalidParameter(
            "Unable to update task definition on an Express Gateway service. Use "
            "UpdateExpressGatewayService."
        )

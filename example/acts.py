"""What happens in scenarios beside the update: acts of people, of alarms and of autoscaling."""

from __future__ import annotations

from typing import Any

from example.scenario import Acts, Trial

ALARM = "conflicto-errors"
ALARMS: dict[str, Any] = {"alarms": {"alarmNames": [ALARM], "enable": True, "rollback": True}}
LOGS = ("Booting worker with pid: 8", "KeyError: 'DATABASE_URL'")  # of a task that crashes


def half_way(act: Acts) -> Acts:
    """Act when the first task of the new image runs, while the old ones still run."""
    return lambda trial: trial.half_way(lambda: act(trial))


def later(trial: Trial, wait: float, act: Acts) -> None:
    """Act so many seconds from now; 0 is at once."""
    if wait:
        trial.clock.call_later(wait, lambda: act(trial))
    else:
        act(trial)


def ring(trial: Trial) -> None:
    """The service's alarm goes off."""
    trial.ecs.alarm(trial.key, ALARM)


def ship_newer(trial: Trial) -> None:
    """A newer image is shipped."""
    trial.ship(trial, "newer")


def scale(desired: int) -> Acts:
    """Autoscaling sets the desired count."""
    return lambda trial: trial.ecs.scale(trial.key, desired)


def stop(trial: Trial) -> None:
    """A person stops the rollout in the console, which rolls it back."""
    ongoing = trial.service.ongoing
    if ongoing is not None:
        trial.person("StopServiceDeployment", serviceDeploymentArn=ongoing.arn)


def restart(trial: Trial) -> None:
    """A person forces a new deployment of what runs."""
    trial.person("UpdateService", service=trial.service_name, forceNewDeployment=True)

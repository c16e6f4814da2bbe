"""target's command + service's settings + revision -> the RunTask request, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.errors import Refused
from chalicelib.events.service import STARTED_BY
from chalicelib.model.registries import same_image


def deciding_container(body: Mapping[str, Any], named: str | None, image: str, key: str) -> str:
    """Return the container of a task definition that runs the command, and whose exit code decides.

    It is the one that the target names, else the only one that runs the deployment's image.

    Raises:
        Refused: when there is no such container, or more than one; `key` names the target's key.
    """
    containers: Sequence[Mapping[str, Any]] = body.get("containerDefinitions", [])
    names = [str(container.get("name", "")) for container in containers]
    if named is not None:
        if named in names:
            return named
        raise Refused(
            f"`{key}` of the target names the container {named}, and the task definition has "
            f"{', '.join(names)}. Correct `container` in targets.toml."
        )
    ours = [
        name
        for name, container in zip(names, containers, strict=True)
        if same_image(str(container.get("image", "")), image)
    ]
    if len(ours) == 1:
        return ours[0]
    raise Refused(
        f"which container runs `{key}` is not clear: {', '.join(ours) or 'none'} of the task "
        f"definition's containers run this image. Name it: `{key}.container` in targets.toml."
    )


def refuse_volumes(body: Mapping[str, Any]) -> None:
    """Raise Refused where a volume is configured only when a task is launched.

    A service has the settings of such a volume, and RunTask would need them again (API reference,
    Volume, `configuredAtLaunch`).
    """
    volumes = [v.get("name", "") for v in body.get("volumes", []) if v.get("configuredAtLaunch")]
    if volumes:
        raise Refused(
            f"the task definition has EBS volumes that are configured at launch "
            f"({', '.join(volumes)}), and Slipway runs no `before` or `after` task with those. "
            "Remove `before` and `after` from the target, or the volumes."
        )


def run_request(
    settings: Mapping[str, Any], revision: str, container: str, command: Sequence[str]
) -> dict[str, Any]:
    """Return the RunTask request without its token.

    `settings` are the fields that the service's own tasks have, its network for example.
    """
    override = {"name": container, "command": list(command)}
    return {
        **settings,
        "taskDefinition": revision,
        "count": 1,
        "overrides": {"containerOverrides": [override]},
    }


def with_token(request: Mapping[str, Any], token: str) -> str:
    """Return the request as JSON text, under this client token."""
    named = {**request, "clientToken": token, "startedBy": f"{STARTED_BY}{token}"}
    return json.dumps(named, sort_keys=True)


def under_token(request: str, token: str) -> str:
    """Return a saved request under another client token; nothing else of it changes."""
    return with_token(json.loads(request), token)

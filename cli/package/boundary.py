"""What the boundary of a stage has to allow: the parameters of bootstrap/slipway.yaml."""

from __future__ import annotations

from chalicelib.model.targets import Target, Targets
from cli.package.apart import NAMES
from cli.package.globs import covering

# The template's parameters that are one pattern, and the target's key whose names it must cover.
_PATTERNS = {
    "Clusters": "cluster",
    "Families": "families",  # the services' own too
    "Repositories": "repository",
    "LogGroups": "log_groups",
    "Rules": "rules",
    "Schedules": "schedules",
}


def parameters(targets: Targets, neighbours: tuple[Target, ...]) -> dict[str, str]:
    """Return the template's parameters for a stage, by their names.

    A parameter is left out when the targets name nothing for it, or when no single pattern covers
    their names and fits no name of the `neighbours`.
    """
    found: dict[str, str] = {}
    for parameter, key in _PATTERNS.items():
        of = NAMES[key]
        names = {name for target in targets.all for name in of(target)}
        others = {name for target in neighbours for name in of(target)}
        if names and (pattern := covering(names, others - names)):
            found[parameter] = pattern
    if roles := sorted({role for target in targets.all for role in target.pass_roles}):
        found["TaskRoles"] = ",".join(roles)
    if any(target.tidies for target in targets.all):
        found["KeepRevisions"] = "true"
    return found

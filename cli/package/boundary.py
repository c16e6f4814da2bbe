"""What the boundary of a stage has to allow: the parameters of bootstrap/slipway.yaml."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.model.targets import Target, Targets
from cli.package.globs import covering

# The template's parameters that are one pattern, and the names of a target that it must cover.
_PATTERNS: dict[str, Callable[[Target], tuple[str, ...]]] = {
    "Clusters": lambda target: (target.cluster,),
    "Families": lambda target: (target.family,) if target.family else (),
    "Repositories": lambda target: (target.repository,),
    "LogGroups": lambda target: target.log_groups,
}


def parameters(targets: Targets, neighbours: tuple[Target, ...]) -> dict[str, str]:
    """Return the template's parameters for a stage, by their names.

    A parameter is left out when the targets name nothing for it, or when no single pattern covers
    their names and fits no name of the `neighbours`.
    """
    found: dict[str, str] = {}
    for parameter, of in _PATTERNS.items():
        names = {name for target in targets.all for name in of(target)}
        others = {name for target in neighbours for name in of(target)}
        if names and (pattern := covering(names, others - names)):
            found[parameter] = pattern
    if roles := sorted({role for target in targets.all for role in target.pass_roles}):
        found["TaskRoles"] = ",".join(roles)
    return found

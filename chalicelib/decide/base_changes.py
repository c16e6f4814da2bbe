"""planned changes + target -> are changes besides the image refused?"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.explain.text import listed
from chalicelib.model.deployments import Deployment
from chalicelib.model.happenings import Refused
from chalicelib.model.targets import Target

_NAMED = 20  # fields


def refused_base(record: Deployment, target: Target, changes: Sequence[str]) -> Refused | None:
    """Return the refusal of a base that differs from what runs; None when it may be deployed.

    Only a target with `base_changes = "refuse"` refuses. A rollback passes, because a person chose
    its revision, and so does a deployment by hand with `override`.
    """
    if not changes or target.base_changes != "refuse" or record.goes_to or record.override:
        return None
    return Refused(
        reason="the task definition that it would be rendered from differs from what runs, besides "
        f"the image: {listed(changes, _NAMED)}. Look at it, then deploy by hand with `override`; "
        'or set the target\'s `base_changes` to "tell".'
    )

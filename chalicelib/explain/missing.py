"""target -> words: that there is nothing to deploy to, and what to do."""

from __future__ import annotations

from chalicelib.model.scheduled import TASKS


def missing(cluster: str, service: str) -> str:
    """Return that the service is not there; of a [[task]], that nothing names its family."""
    if cluster == TASKS:
        return (
            f"no rule or schedule of the [[task]] names a revision of {service}. "
            "Let one of them name a revision, or correct targets.toml."
        )
    return (
        f"the cluster {cluster} has no active service {service}. "
        "Create it, or correct targets.toml."
    )

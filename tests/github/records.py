"""Records as `status` replies them."""

from __future__ import annotations

from typing import Any

DIGEST = "sha256:" + "f" * 64
SERVICE = "conflicto-dev/conflicto-backend-service-dev"


def record(status: str = "SUCCESSFUL", **changes: Any) -> dict[str, Any]:
    """One record; `changes` replace its fields."""
    return {
        "deployment": "20261122t234135-conflicto-backend-service-dev-a1dbd1c5",
        "service": SERVICE,
        "status": status,
        "reason": "",
        "image": f"123456789012.dkr.ecr.us-west-2.amazonaws.com/conflicto-backend-dev@{DIGEST}",
        "digest": DIGEST,
        "tag": "abc1234",
        "revision": "conflicto-backend-dev:2",
        "proven": status == "SUCCESSFUL",
        "cause": "push",
        "by": "",
        "why": "",
        "created": "2026-11-22T23:41:35.567Z",
        "updated": "2026-11-22T23:42:03.364Z",
        "running": 2,
        "desired": 2,
        "case": "",
        **changes,
    }


def replied(*records: dict[str, Any]) -> dict[str, Any]:
    return {"deployments": list(records)}

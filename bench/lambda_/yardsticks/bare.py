"""The least that Python on Lambda costs."""

from typing import Any


def handler(event: Any, context: Any) -> dict[str, Any]:
    return {}

"""Settings of every test: the same examples each time, no files left behind, few of them."""

from typing import Any

from hypothesis import HealthCheck, settings

settings.register_profile(
    "slipway",
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("slipway")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many crash points all workers have tried."""
    reports = terminalreporter.getreports("passed") + terminalreporter.getreports("failed")
    counted = [dict(report.user_properties).get("crash points", 0) for report in reports]
    if points := sum(counted):
        terminalreporter.write_line(f"crash points: {points}")

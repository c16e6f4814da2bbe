"""Settings of every test: reproducible, no files left behind, small on a busy machine."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "slipway",
    max_examples=60,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("slipway")

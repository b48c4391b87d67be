"""Fixtures for all tests, and how examples are generated: the same ones each time, however slow the machine is."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.stores", "tests.core.stores_for_tests", "tests.networks"]

settings.register_profile(
    "ours", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ours")

"""Fixtures for all tests, and how examples are generated: the same ones each time, however slow the machine is."""

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.stores", "tests.core.stores_for_tests", "tests.networks"]

settings.register_profile(
    "ours", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ours")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that kill and wait for minutes begin first: no worker is left alone with one at the end."""
    items.sort(key=lambda one: "reliability" not in one.path.parts)

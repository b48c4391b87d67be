"""Fixtures for all tests."""

pytest_plugins = ["tests.stores", "tests.core.stores_for_tests", "tests.networks"]

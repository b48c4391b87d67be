"""The same fronts as the tests of the web have."""

from tests.web.conftest import front, sqlite_front

__all__ = ["front", "sqlite_front"]

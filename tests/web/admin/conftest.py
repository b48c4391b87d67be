"""A company with a history, for the admin's browser."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.rigs import kestrel
from tests.rigs.kestrel import Kestrel


@pytest.fixture(scope="session")
def kestrel_filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of Kestrel Coffee in the middle of a working day, filled once for all; take a copy."""
    return kestrel.filled(tmp_path_factory.mktemp("kestrel"))


@pytest.fixture
async def here(kestrel_filled: Path, tmp_path: Path) -> AsyncIterator[Kestrel]:
    """That company, served."""
    shutil.copytree(kestrel_filled, tmp_path / "kestrel")
    async with kestrel.served(tmp_path / "kestrel") as served:
        yield served

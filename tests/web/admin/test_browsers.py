"""What a signed-in browser is called."""

from __future__ import annotations

import pytest

from bot.web.admin.browsers import known

MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", ("Firefox", "Linux")),
        (f"{MAC}605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15", ("Safari", "macOS")),
        (WINDOWS, ("Chrome", "Windows")),
        (f"{WINDOWS} Edg/131.0", ("Edge", "Windows")),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36", ("Chrome", "Android")),
        ("curl/8.5.0", None),
        ("", None),
    ],
)
def test_a_browser_is_called_by_its_name_and_system(agent: str, name: tuple[str, str] | None) -> None:
    assert known(agent) == name

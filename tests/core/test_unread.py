"""Which addresses nobody reads."""

from __future__ import annotations

import pytest

from core import unread


@pytest.mark.parametrize(
    "address",
    [
        "noreply@example.org",
        "No-Reply@example.org",
        "no_reply+7@example.org",
        "do.not.reply@example.org",
        "donotreply2@example.org",
        "dont-reply@example.org",
        "noreply-orders@example.org",
        "accounts-noreply@example.org",
        "shop.no-reply@example.org",
        "mailer-daemon@example.org",
        "MAILER-DAEMON@example.org",
        "maildaemon@example.org",
        "postmaster@bounces.example.org",
        "bounces+ann=example.net@example.org",
    ],
)
def test_nobody_reads_what_goes_to_a_machine(address: str) -> None:
    assert unread.nobody_reads(address)


@pytest.mark.parametrize(
    "address",
    [
        "ann@example.org",
        "ann@noreply.example.org",
        "reply@example.org",
        "casino-reply@example.org",
        "noreplyann@example.org",
        "tino.reply@example.org",
        "bounce-house@example.org",
        "bouncer@example.org",
        "daemon@example.org",
        "U0NOREPLY",
        "noreply",
        "4711",
    ],
)
def test_somebody_may_read_all_else(address: str) -> None:
    assert not unread.nobody_reads(address)


def test_a_form_on_a_web_site_is_no_mail_server() -> None:
    assert not unread.is_a_servers("noreply@example.org")

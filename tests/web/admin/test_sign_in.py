"""Coming in by an identity provider: who is let in, who is not, and what a provider can get wrong (SEC-41, SEC-42)."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from html import unescape
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from bot.web.identity_provider import IdentityProvider, ProviderSettings
from bot.web.rates import Bucket
from core import audit
from core.accounts import accounts, invitations
from core.models.accounts import Account, Role, Session
from tests.rigs.openid import DEFECTS, OpenIdProvider
from tests.web.admin import desk
from tests.web.admin.desk import Browser
from tests.web.front import Front

TEAM = "T0KESTREL"


@pytest.fixture
async def idp(front: Front) -> AsyncIterator[OpenIdProvider]:
    async with providing(front) as server:
        yield server


@pytest.fixture
async def sqlite_idp(sqlite_front: Front) -> AsyncIterator[OpenIdProvider]:
    async with providing(sqlite_front) as server:
        yield server


@asynccontextmanager
async def providing(front: Front) -> AsyncIterator[OpenIdProvider]:
    """Two providers are set: the one on loopback, and one that is not there."""
    front.clock.now = datetime.now(UTC)  # the provider signs with the real time
    async with OpenIdProvider() as server:
        server.claims["https://slack.com/team_id"] = TEAM
        settings = ProviderSettings(
            "company", "Kestrel <ID>", server.issuer, server.client_id, server.client_secret, teams=(TEAM,)
        )
        away = dataclasses.replace(settings, name="away", issuer="http://127.0.0.1:9")
        providers = {one.name: IdentityProvider(one) for one in (settings, away)}
        front.app.state.site = dataclasses.replace(front.site, providers=providers)
        yield server


async def invitation(front: Front, email: str = "lee@kestrel.example", role: Role = Role.AGENT) -> str:
    return await invitations.to(email, role, name="Lee", by="test", now=front.clock.now)


async def there_and_back(browser: Browser, idp: OpenIdProvider, start: str = "/admin/sign-in/company") -> None:
    """Set out with a link, say yes at the provider, and come back."""
    sent = await browser.client.get(start)
    assert sent.status_code == 303
    await come_back(browser, idp, sent.headers["location"])


async def come_back(browser: Browser, idp: OpenIdProvider, url: str, provider: str = "company") -> None:
    assert url.startswith(f"{idp.issuer}/authorize?")
    asked = dict(parse_qsl(urlsplit(url).query))
    assert asked["redirect_uri"] == f"https://survey.example.org/admin/sign-in/{provider}/back"
    await browser.open(f"/admin/sign-in/{provider}/back?{idp.sign_in(asked)}")


def onward(browser: Browser) -> str:
    """The address to which the page leads on."""
    return unescape(next(str(one.get("href")) for one in browser.page.all("a")))


async def accept_invitation(front: Front, idp: OpenIdProvider, **given: str) -> Browser:
    browser = Browser(front)
    code = await invitation(front, **given)
    await browser.open(f"/setup/{code}")
    await browser.post(f"/setup/{code}/with/company")
    await come_back(browser, idp, onward(browser))
    return browser


async def test_who_was_invited_comes_in_with_the_provider_and_then_by_it_alone(
    front: Front, idp: OpenIdProvider
) -> None:
    await desk.account(front)
    browser = await accept_invitation(front, idp)

    assert (browser.status, browser.path) == (200, "/admin/")
    account = await Account.get(email="lee@kestrel.example")
    assert (account.issuer, account.subject, account.password_hash, account.role) == (idp.issuer, "u-1", "", Role.AGENT)
    actions = [line.action for line in await audit.latest(3)]
    assert actions == ["account.signed_in", "account.linked", "account.created"]

    again = Browser(front)
    await again.open("/admin/login")
    assert "Sign in with Kestrel &lt;ID&gt;" in again.html
    await there_and_back(again, idp)
    assert (again.status, again.path) == (200, "/admin/")


async def test_the_first_admin_may_come_in_by_a_provider(front: Front, idp: OpenIdProvider) -> None:
    code = await invitations.for_setup(now=front.clock.now)
    browser = Browser(front)
    await browser.open(f"/setup/{code}")
    await browser.post(f"/setup/{code}/with/company")
    await come_back(browser, idp, onward(browser))

    assert browser.path == "/admin/"
    account = await Account.get()
    assert (account.email, account.name, account.role) == ("kim@example.org", "Kim", Role.ADMIN)
    assert (await Browser(front).client.get(f"/setup/{code}")).status_code == 404


async def test_the_page_that_was_asked_for_is_open_after_signing_in_with_a_provider(
    front: Front, idp: OpenIdProvider
) -> None:
    await desk.account(front)
    await accept_invitation(front, idp)
    browser = Browser(front)
    await browser.open("/admin/tickets?q=a.b&view=all")
    [way] = [unescape(str(one["href"])) for one in browser.page.all("a") if "/company" in str(one.get("href"))]
    await there_and_back(browser, idp, way)

    assert (browser.status, browser.path) == (200, "/admin/tickets")
    assert browser.page.all("input", name="q")[0]["value"] == "a.b", "the whole address, not only its path"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example",
        "/admin/../r/x",
        "/admin//evil.example",
        "/admin/%2e%2e/r/x",
        "/\\evil.example",
        "/setup/x",
        "/admin/\r\nSet-Cookie: a=b",
        "/admin/" + "x" * 600,
        "javascript:alert(1)",
    ],
)
async def test_signing_in_with_a_provider_leads_nowhere_else(
    sqlite_front: Front, sqlite_idp: OpenIdProvider, elsewhere: str
) -> None:
    await desk.account(sqlite_front)
    await accept_invitation(sqlite_front, sqlite_idp)
    browser = Browser(sqlite_front)
    sent = await browser.client.get("/admin/sign-in/company", params={"next": elsewhere})
    asked = dict(parse_qsl(urlsplit(sent.headers["location"]).query))
    back = await browser.client.get(f"/admin/sign-in/company/back?{sqlite_idp.sign_in(asked)}")

    assert (back.status_code, back.headers["location"]) == (303, "/admin/")


async def test_where_one_wanted_to_go_cannot_be_written_into_the_cookie(
    sqlite_front: Front, sqlite_idp: OpenIdProvider
) -> None:
    browser = Browser(sqlite_front)
    sent = await browser.client.get("/admin/sign-in/company?next=/admin/audit")
    asked = dict(parse_qsl(urlsplit(sent.headers["location"]).query))
    name = "__Host-afterword-sign-in"
    secret, *rest, _, sealed = browser.client.cookies[name].split(".")
    forged = ".".join((secret, *rest, "L2FkbWluL3N0YWZm", sealed))
    browser.client.cookies.set(name, forged, domain="survey.example.org", path="/")
    await browser.open(f"/admin/sign-in/company/back?{sqlite_idp.sign_in(asked)}")

    assert (browser.status, sqlite_idp.asked) == (400, [])


@pytest.mark.parametrize("verified", [True, False, None])
async def test_nobody_comes_in_because_of_an_address(front: Front, idp: OpenIdProvider, verified: bool | None) -> None:
    await desk.account(front, Role.ADMIN)
    idp.claims |= {"email": "admin@kestrel.example"} | ({} if verified is None else {"email_verified": verified})
    browser = Browser(front)

    await there_and_back(browser, idp)

    assert browser.status == 403
    assert "Nobody here is known by this identity" in browser.html
    assert not await Session.exists()


@pytest.mark.parametrize("defect", DEFECTS)
async def test_what_is_not_exactly_right_lets_nobody_in(front: Front, idp: OpenIdProvider, defect: str) -> None:
    await desk.account(front)
    await accept_invitation(front, idp)
    await Session.all().delete()
    if defect == "encryption key":
        idp.new_key()
    idp.defect = defect
    browser = Browser(front)

    await there_and_back(browser, idp)

    assert browser.status == 403, defect
    assert "did not vouch for you" in browser.html
    assert not await Session.exists()


async def test_a_key_that_is_new_at_the_provider_is_fetched(front: Front, idp: OpenIdProvider) -> None:
    await desk.account(front)
    await accept_invitation(front, idp)
    idp.new_key()
    provider = front.app.state.site.providers["company"]
    provider._seconds = lambda: 1e12
    browser = Browser(front)

    await there_and_back(browser, idp)

    assert browser.path == "/admin/"


async def test_the_keys_are_asked_for_once_a_minute_at_most(front: Front, idp: OpenIdProvider) -> None:
    await desk.account(front)
    await accept_invitation(front, idp)
    idp.defect = "unknown key"
    for _ in range(5):
        await there_and_back(Browser(front), idp)

    assert idp.fetched.count("keys") == 1


async def test_a_client_that_posts_its_secret(front: Front, idp: OpenIdProvider) -> None:
    idp.posts = True
    await desk.account(front)

    assert (await accept_invitation(front, idp)).path == "/admin/"


async def test_the_way_back_works_once_and_only_in_the_browser_that_set_out(front: Front, idp: OpenIdProvider) -> None:
    await desk.account(front)
    await accept_invitation(front, idp)
    victim, attacker = Browser(front), Browser(front)
    sent = await attacker.client.get("/admin/sign-in/company")
    query = idp.sign_in(dict(parse_qsl(urlsplit(sent.headers["location"]).query)))
    back = f"/admin/sign-in/company/back?{query}"

    await victim.open(back)  # made to finish what another began
    assert (victim.status, len(idp.asked)) == (400, 1)
    await victim.client.get("/admin/sign-in/company")  # even with an errand of their own
    await victim.open(back)
    assert victim.status == 400
    await attacker.open(back)
    assert attacker.path == "/admin/"
    await attacker.open(back)
    assert (attacker.status, "begun in another browser" in attacker.html) == (400, True)


async def test_the_way_back_is_open_for_ten_minutes(front: Front, idp: OpenIdProvider) -> None:
    await desk.account(front)
    await accept_invitation(front, idp)
    browser = Browser(front)
    sent = await browser.client.get("/admin/sign-in/company")
    front.clock.pass_(minutes=11)
    await come_back(browser, idp, sent.headers["location"])

    assert browser.status == 400


async def test_the_answer_to_one_provider_is_not_taken_from_another(front: Front, idp: OpenIdProvider) -> None:
    site = front.app.state.site
    twin = dataclasses.replace(site.providers["company"].settings, name="twin")
    front.app.state.site = dataclasses.replace(site, providers={**site.providers, "twin": IdentityProvider(twin)})
    browser = Browser(front)
    sent = await browser.client.get("/admin/sign-in/company")
    query = idp.sign_in(dict(parse_qsl(urlsplit(sent.headers["location"]).query)))

    await browser.open(f"/admin/sign-in/twin/back?{query}")

    assert (browser.status, idp.asked) == (400, [])


@pytest.mark.parametrize(
    "query", ["", "error=access_denied", "code=x", "state=x", "code=%00&state=%ff", "state=1.x&code=" + "9" * 3000]
)
async def test_nonsense_that_comes_back_is_answered_and_writes_nothing(
    front: Front, idp: OpenIdProvider, query: str
) -> None:
    browser = Browser(front)
    await browser.client.get("/admin/sign-in/company")
    await browser.open(f"/admin/sign-in/company/back?{query}")

    assert browser.status == 400
    assert idp.asked == []
    assert not await Session.exists()


async def test_who_says_no_at_the_provider_is_told_that_nothing_changed(front: Front, idp: OpenIdProvider) -> None:
    browser = Browser(front)
    sent = await browser.client.get("/admin/sign-in/company")
    state = dict(parse_qsl(urlsplit(sent.headers["location"]).query))["state"]
    await browser.open(f"/admin/sign-in/company/back?error=access_denied&state={state}")

    assert (browser.status, "nothing has changed" in browser.html) == (400, True)


@pytest.mark.parametrize(
    "error", ["server_error", "invalid_scope", "unauthorized_client", "temporarily_unavailable", "access_denied ", ""]
)
async def test_what_the_provider_refuses_is_no_cancel_and_is_in_the_log(
    sqlite_front: Front, sqlite_idp: OpenIdProvider, caplog: pytest.LogCaptureFixture, error: str
) -> None:
    browser = Browser(sqlite_front)
    sent = await browser.client.get("/admin/sign-in/company")
    state = dict(parse_qsl(urlsplit(sent.headers["location"]).query))["state"]
    said = {"error": error, "error_description": "Scope\r\nFAKE line \x1b[2J" + "x" * 900, "state": state}
    await browser.open(f"/admin/sign-in/company/back?{urlencode(said)}")

    assert browser.status == 403
    assert "Kestrel &lt;ID&gt; refused to sign you in" in browser.html
    assert "FAKE" not in browser.html
    [line] = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert f"company refuses to sign anybody in: {error.strip() or 'neither a code nor an error'}: Scope FAKE" in line
    assert len(line) < 400
    assert not {"\r", "\n", "\x1b"} & set(line)
    assert state not in line


@pytest.mark.parametrize("trouble", ["away", "not well", "another name"])
async def test_a_provider_that_does_not_answer_is_said_so(front: Front, idp: OpenIdProvider, trouble: str) -> None:
    browser = Browser(front)
    if trouble == "not well":
        idp.status = 502
    if trouble == "another name":
        settings = front.app.state.site.providers["company"].settings
        renamed = IdentityProvider(dataclasses.replace(settings, issuer=f"{settings.issuer}/"))
        front.app.state.site = dataclasses.replace(front.app.state.site, providers={"company": renamed})
    await browser.open("/admin/sign-in/away" if trouble == "away" else "/admin/sign-in/company")

    assert (browser.status, "does not answer at the moment" in browser.html) == (503, True)


async def test_a_provider_that_is_not_set_up_is_not_found(front: Front, idp: OpenIdProvider) -> None:
    browser = Browser(front)
    for path in ("/admin/sign-in/nobody", "/admin/sign-in/nobody/back?code=1&state=2"):
        await browser.open(path)
        assert browser.status == 404


async def test_linking_an_account_ends_its_password_and_its_browsers(front: Front, idp: OpenIdProvider) -> None:
    browser = await desk.at(front)
    elsewhere = await desk.at(front)
    await browser.open("/admin/account")
    await browser.send("/admin/account/link/company", present=desk.PASSWORD)
    await come_back(browser, idp, onward(browser))

    assert browser.path == "/admin/account"
    assert "You sign in another way from now on. Your password is forgotten" in browser.html
    await elsewhere.open("/admin/")
    assert elsewhere.status == 401
    assert await accounts.with_password("admin@kestrel.example", desk.PASSWORD) is None
    await browser.open("/admin/account")
    assert "You sign in with Kestrel &lt;ID&gt;" in browser.html
    await browser.post(
        "/admin/account/password", password="a whole new phrase of words", again="a whole new phrase of words"
    )
    assert browser.status == 422


@pytest.mark.parametrize("given", ["", "a guess", desk.PASSWORD.upper()])
async def test_whoever_finds_an_open_browser_links_no_identity_of_their_own(
    front: Front, idp: OpenIdProvider, given: str
) -> None:
    browser = await desk.at(front)
    await browser.open("/admin/account")
    await browser.post("/admin/account/link/company", present=given)

    assert browser.status == 422
    assert browser.page.all("input", name="present")[0]["aria-invalid"] == "true"
    assert "not the password that you have now" in browser.html
    assert "/authorize" not in browser.html
    await browser.open("/admin/sign-in/company/back?code=1&state=1.x")
    assert browser.status == 400, "nobody has set out"
    assert await accounts.with_password("admin@kestrel.example", desk.PASSWORD) is not None


@pytest.mark.parametrize("act", ["link/company", "password"])
async def test_an_open_browser_is_no_place_to_guess_the_password(front: Front, idp: OpenIdProvider, act: str) -> None:
    front.site.rates.sign_in = Bucket(5, 5, seconds=lambda: 0.0)
    browser = await desk.at(front)
    await browser.open("/admin/account")
    seen = []
    for number in range(7):
        guess = f"guess {number}"
        answer = await browser.client.post(
            f"/admin/account/{act}", data={**browser.page.hidden(), "present": guess, "old": guess}
        )
        seen.append(answer.status_code)

    assert seen == [422] * 5 + [429] * 2


async def test_who_signs_in_with_a_provider_changes_to_no_other_identity_in_an_open_browser(
    front: Front, idp: OpenIdProvider
) -> None:
    await desk.account(front)
    browser = await accept_invitation(front, idp)
    await browser.open("/admin/account")
    assert "/admin/account/link/" not in browser.html
    await browser.post("/admin/account/link/company", present=desk.PASSWORD)

    assert browser.status == 422
    assert "signs in with a provider and has no password" in browser.html
    assert "/authorize" not in browser.html


async def test_linking_counts_only_for_who_is_signed_in_still(front: Front, idp: OpenIdProvider) -> None:
    browser = await desk.at(front)
    await browser.open("/admin/account")
    await browser.post("/admin/account/link/company", present=desk.PASSWORD)
    url = onward(browser)
    await Session.all().delete()
    await come_back(browser, idp, url)

    assert browser.status == 403
    assert "You were signed out in the meantime" in browser.html
    assert (await Account.get()).subject is None


async def test_one_identity_is_one_account(front: Front, idp: OpenIdProvider) -> None:
    await desk.account(front)
    await accept_invitation(front, idp)
    browser = await accept_invitation(front, idp, email="second@kestrel.example")

    assert (browser.status, "Another account has this identity" in browser.html) == (409, True)
    assert not await Account.exists(email="second@kestrel.example")


async def test_a_new_password_takes_the_place_of_the_identity(front: Front, idp: OpenIdProvider) -> None:
    await desk.account(front)
    await accept_invitation(front, idp)
    lee = await Account.get(email="lee@kestrel.example")
    code = await invitations.for_password(lee, by="test", now=front.clock.now)
    browser = Browser(front)
    await browser.open(f"/setup/{code}")
    await browser.send(password=desk.PASSWORD, again=desk.PASSWORD)
    assert browser.path == "/admin/"

    stranger = Browser(front)
    await there_and_back(stranger, idp)
    assert stranger.status == 403


async def test_a_closed_account_is_closed_to_its_identity(front: Front, idp: OpenIdProvider) -> None:
    await desk.account(front)
    await accept_invitation(front, idp)
    await Account.filter(email="lee@kestrel.example").update(active=False)
    browser = Browser(front)
    await there_and_back(browser, idp)

    assert browser.status == 403
    assert "Your account is closed. An admin can open it again" in browser.html
    idp.claims["sub"] = "u-2"
    await there_and_back(browser, idp)
    assert browser.status == 403
    assert "Nobody here is known by this identity" in browser.html, "with the same address, but another person"


def way_back(browser: Browser) -> tuple[str, str]:
    """Where the page leads that turned somebody away, and what it calls that."""
    [(where, called)] = re.findall(r'<a href="([^"]+)">([^<]+)</a>', browser.html)
    return unescape(where), unescape(called)


@pytest.mark.parametrize("what", ["invited", "first", "password"])
async def test_who_is_turned_away_with_an_invitation_is_led_back_to_it(
    sqlite_front: Front, sqlite_idp: OpenIdProvider, what: str
) -> None:
    front = sqlite_front
    made = {
        "invited": lambda: invitation(front),
        "first": lambda: invitations.for_setup(now=front.clock.now),
        "password": lambda: password_link(front),
    }
    code = await made[what]()
    called = {
        "invited": "Open your invitation again",
        "first": "Back to the set-up",
        "password": "Back to choosing a password",
    }
    browser = Browser(front)
    await browser.open(f"/setup/{code}")
    await browser.post(f"/setup/{code}/with/company")
    state = dict(parse_qsl(urlsplit(onward(browser)).query))["state"]
    await browser.open(f"/admin/sign-in/company/back?error=access_denied&state={state}")

    assert way_back(browser) == (f"/setup/{code}", called[what])
    await browser.open(f"/setup/{code}")
    assert browser.status == 200


async def password_link(front: Front) -> str:
    return await invitations.for_password(await desk.account(front), by="test", now=front.clock.now)


async def test_whose_provider_says_no_address_is_led_to_where_a_password_is_chosen(
    sqlite_front: Front, sqlite_idp: OpenIdProvider
) -> None:
    del sqlite_idp.claims["email"]
    code = await invitations.for_setup(now=sqlite_front.clock.now)
    browser = Browser(sqlite_front)
    await browser.open(f"/setup/{code}")
    await browser.post(f"/setup/{code}/with/company")
    await come_back(browser, sqlite_idp, onward(browser))

    assert "does not say your e-mail address" in browser.html
    assert way_back(browser)[0] == f"/setup/{code}"


async def test_who_is_turned_away_is_led_back_to_where_they_came_from(
    sqlite_front: Front, sqlite_idp: OpenIdProvider
) -> None:
    browser = await desk.at(sqlite_front)
    await browser.open("/admin/account")
    await browser.post("/admin/account/link/away", present=desk.PASSWORD)
    assert (browser.status, way_back(browser)) == (503, ("/admin/account", "Back to your account"))
    stranger = Browser(sqlite_front)
    await stranger.open("/admin/sign-in/away?next=/admin/audit")
    assert (stranger.status, way_back(stranger)) == (503, ("/admin/audit", "Back to signing in"))
    code = await invitation(sqlite_front)
    await stranger.open(f"/setup/{code}")
    await stranger.post(f"/setup/{code}/with/company")
    url = onward(stranger)
    sqlite_front.clock.pass_(days=8)
    await come_back(stranger, sqlite_idp, url)
    assert way_back(stranger)[0] == "/admin/login", "it opens nothing any more"


async def test_signing_in_with_a_provider_counts_as_one_guess(sqlite_front: Front, sqlite_idp: OpenIdProvider) -> None:
    sqlite_front.site.rates.sign_in_caller = Bucket(20, 20, seconds=lambda: 0.0)
    await desk.account(sqlite_front)
    await accept_invitation(sqlite_front, sqlite_idp)
    browser = Browser(sqlite_front)
    for _ in range(19):  # one office, one address
        await there_and_back(browser, sqlite_idp)
        assert browser.path == "/admin/"
    await there_and_back(browser, sqlite_idp)

    assert browser.status == 429
    assert way_back(browser) == ("/admin/login", "Back to signing in")
    await browser.open("/admin/login")
    assert browser.status == 200


async def test_setting_out_is_bounded_as_any_page_is(sqlite_front: Front, sqlite_idp: OpenIdProvider) -> None:
    sqlite_front.site.rates.caller = Bucket(60, 60, seconds=lambda: 0.0)
    browser = Browser(sqlite_front)
    seen = [(await browser.client.get("/admin/sign-in/company")).status_code for _ in range(62)]

    assert seen == [303] * 60 + [429] * 2


async def test_a_form_from_elsewhere_does_not_begin_it(front: Front, idp: OpenIdProvider) -> None:
    code = await invitation(front)
    browser = Browser(front)
    await browser.open(f"/setup/{code}")
    answer = await browser.client.post(f"/setup/{code}/with/company", data={"csrf": "guessed"})

    assert answer.status_code == 403

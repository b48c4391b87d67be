"""The first admin, invitations, signing in and out (SEC-44, SEC-45, SEC-46)."""

from __future__ import annotations

import asyncio
import contextlib
import re

import pytest

from bot.web.rates import Bucket
from core import audit, housekeeping
from core.accounts import accounts, invitations, passwords
from core.errors import Refusal
from core.models.accounts import Account, AuditLine, Role, Session
from core.models.setup import Staff, Team
from tests.web.admin.desk import PASSWORD, Browser, account, at
from tests.web.front import Front


async def chosen(browser: Browser, code: str, *, email: str = "lee@kestrel.example", password: str = PASSWORD) -> None:
    await browser.open(f"/setup/{code}")
    await browser.send(email=email, name="Lee", password=password, again=password)


async def test_the_first_admin_sets_up_and_is_in(front: Front) -> None:
    code = await invitations.for_setup(now=front.clock.now)
    browser = Browser(front)
    await chosen(browser, code)
    assert browser.path == "/admin/"
    assert "Hello, Lee" in browser.page.text
    account = await Account.get()
    assert (account.email, account.role) == ("lee@kestrel.example", Role.ADMIN)
    assert not await invitations.is_needed()


async def test_a_setup_code_works_once_and_for_an_hour(front: Front) -> None:
    code = await invitations.for_setup(now=front.clock.now)
    late = await invitations.for_setup(now=front.clock.now)
    browser = Browser(front)
    await browser.open(f"/setup/{code}")
    assert browser.status == 404, "a newer one takes its place"
    front.clock.pass_(minutes=59)
    await chosen(browser, late)
    assert browser.path == "/admin/"
    await browser.open(f"/setup/{late}")
    assert browser.status == 404
    gone = await invitations.for_setup(now=front.clock.now)
    front.clock.pass_(minutes=60)
    await browser.open(f"/setup/{gone}")
    assert browser.status == 404


async def test_a_link_that_opens_nothing_says_who_makes_a_new_one(sqlite_front: Front) -> None:
    front, stranger = sqlite_front, Browser(sqlite_front)
    gone = await invitations.for_setup(now=front.clock.now)
    front.clock.pass_(minutes=60)
    await stranger.open(f"/setup/{gone}")
    assert (stranger.status, "afterword admin setup-code" in stranger.page.text) == (404, True)
    await account(front)
    invited = await invitations.to("mia@kestrel.example", Role.AGENT, by="test", now=front.clock.now)
    front.clock.pass_(days=8)
    seen = set()
    for code in (invited, gone, "x" * 32, "nonsense"):
        await stranger.open(f"/setup/{code}")
        assert stranger.status == 404
        assert "Ask an admin for a new one" in stranger.page.text
        assert "setup-code" not in stranger.page.text
        seen.add(stranger.html)
    assert len(seen) == 1, "nobody learns which codes there were"


async def test_fifty_at_once_make_one_admin(front: Front) -> None:
    code = await invitations.for_setup(now=front.clock.now)

    async def attempt(number: int) -> bool:
        try:
            await invitations.accept(
                code,
                email=f"a{number}@kestrel.example",
                name="",
                password=PASSWORD,
                locale="",
                site="",
                now=front.clock.now,
            )
        except Refusal:
            return False
        return True

    won = await asyncio.gather(*(attempt(number) for number in range(50)))
    assert sum(won) == 1
    assert await Account.all().count() == 1


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [
        ("too short", "too short", "at least 12 characters"),
        ("aaaaaaaaaaaaaa", "aaaaaaaaaaaaaa", "so few different characters"),
        ("lee@kestrel.example", "lee@kestrel.example", "more than your name"),
        ("password1234", "password1234", "among the first that are tried"),
        ("qwertyuiop12", "qwertyuiop12", "among the first that are tried"),
        ("P@ssw0rd2024", "P@ssw0rd2024", "among the first that are tried"),
        ("trustno1trustno1", "trustno1trustno1", "among the first that are tried"),
        (PASSWORD, "something else", "are not the same"),
        ("x" * 120 + "abcdefgh" * 11, "x" * 120 + "abcdefgh" * 11, "more than 200"),
    ],
)
async def test_a_weak_password_is_refused_and_the_rest_is_kept(
    sqlite_front: Front, password: str, again: str, said: str
) -> None:
    code = await invitations.for_setup(now=sqlite_front.clock.now)
    browser = Browser(sqlite_front)
    await browser.open(f"/setup/{code}")
    await browser.send(email="lee@kestrel.example", name="Lee & Co", password=password, again=again)
    assert browser.status == 422
    assert said in browser.page.text
    assert browser.page.all("input", name="email")[0]["value"] == "lee@kestrel.example"
    assert browser.page.all("input", name="name")[0]["value"] == "Lee & Co"
    assert password not in browser.html or password == "lee@kestrel.example"
    assert not await Account.exists()


async def test_a_password_of_ones_own_is_refused_for_being_easy_in_ones_own_language(sqlite_front: Front) -> None:
    browser = await at(sqlite_front)
    await browser.open("/admin/account")
    await browser.post("/admin/account", name="Lee", locale="zh-Hans")
    await browser.post("/admin/account/password", old=PASSWORD, password="password1234", again="password1234")
    assert browser.status == 422
    [field] = browser.page.all("input", name="password")
    assert field["aria-invalid"] == "true"
    assert browser.page.all("span", id="p-password")
    assert "这样的密码很快就会被猜到" in browser.page.text
    assert await accounts.with_password("admin@kestrel.example", PASSWORD) is not None


async def test_the_company_and_the_person_are_known_to_whoever_guesses(sqlite_front: Front) -> None:
    code = await invitations.for_setup(now=sqlite_front.clock.now)
    browser = Browser(sqlite_front)
    await browser.open(f"/setup/{code}")
    await browser.send(email="lee@x.example", name="Zbigniewa Kowal", password="zbigniewa12345", again="zbigniewa12345")
    assert "among the first that are tried" in browser.page.text


HOSTILE = (
    "!59<4<%1!$%1(58(774<|@++07(<@6(%{8[3" * 5,
    "26154038{(1$3|+(%34<76{|{@[220[[44<<{{9!<+<{<|9417{[6@!92%42!@919$!{$${8" * 2,
    "641|4+71|%408{2<(30151560(%1987@<!521[!6+@9!9{@[9${8@2+|8321607[88$!<[%[" * 2,
    "5{<t1zc$9i@lel7{2oz%5ez792+oca6l4<{%02a{3oe{ai8$3{8g[(!{$<+8701|e2@%<3ig" * 2,
    "11aaa" * 40,
    "////1/2. -2..1/1-1-22/1..-1..2.1///..1-/11/1. 11-1122.-21-2 22 1--././ -" * 2,
)


@pytest.mark.timeout(10)
def test_no_password_takes_long_to_judge() -> None:
    """All of them take a second. Without a bound, the first alone takes as long as the limit."""
    for hostile in HOSTILE:
        with contextlib.suppress(Refusal):
            passwords.check(hostile, email="lee@kestrel.example", name="Lee " * 60, site="Kestrel")


async def test_an_address_that_is_none_is_named(sqlite_front: Front) -> None:
    code = await invitations.for_setup(now=sqlite_front.clock.now)
    browser = Browser(sqlite_front)
    await chosen(browser, code, email="nobody")
    assert "no e-mail address" in browser.page.text
    assert browser.page.all("input", name="email")[0]["aria-invalid"] == "true"


@pytest.mark.parametrize("path", ["/admin", "/admin/", "/admin/login", "/admin/inbox"])
async def test_before_the_first_account_it_says_where_the_way_in_is_told_and_does_not_tell_it(
    front: Front, path: str
) -> None:
    code = await invitations.for_setup(now=front.clock.now)
    stranger = Browser(front)
    await stranger.open(path)
    assert stranger.status in (200, 401)
    assert "afterword serve" in stranger.page.text
    assert "afterword admin setup-code" in stranger.page.text
    assert "/setup/" not in stranger.html
    assert code not in stranger.html
    await chosen(stranger, code)
    await stranger.open("/admin")
    assert stranger.path == "/admin/"
    other = Browser(front)
    await other.open(path)
    assert "setup-code" not in other.page.text


async def test_the_first_admin_is_the_member_of_staff_with_that_address(front: Front) -> None:
    kim = await Staff.create(key="kim", name="Kim", email="Kim@Kestrel.example")
    browser = Browser(front)
    await chosen(browser, await invitations.for_setup(now=front.clock.now), email="kim@kestrel.example")
    assert (await Account.get()).staff_id == kim.id
    await browser.open("/admin/inbox")
    assert "nobody on the desk" not in browser.page.text
    [line] = await AuditLine.filter(action="account.created")
    assert '"staff": "kim"' in str(line.after).replace("'", '"')


async def test_a_fresh_installation_names_its_first_steps_until_alerts_reach_somebody(front: Front) -> None:
    admin, agent = await at(front), await at(front, Role.AGENT)
    await admin.open("/admin/")
    assert "First steps" in admin.page.text
    steps = re.findall(r"<li>(.*?)</li>", admin.html.partition('class="first"')[2].partition("</ol>")[0])
    assert [re.findall(r'href="([^"]+)"', one)[0].rpartition("/")[0] for one in steps[2:3]] == ["/admin/accounts"]
    assert [re.findall(r'href="([^"]+)"', one)[0] for one in steps[:2]] == ["/admin/teams", "/admin/staff"]
    assert not [one for one in steps[3:] if "done" in one], "nobody has looked at them yet"
    assert "First steps" not in (await agent.open("/admin/")).text
    await Staff.create(key="kim@kestrel.example", name="Kim")
    await Team.all().delete()
    await Team.create(key="support", alert_channel="slack", alert_to="C1")
    assert "First steps" not in (await admin.open("/admin/")).text


async def test_an_address_of_two_of_the_staff_or_of_somebody_who_left_links_nobody(front: Front) -> None:
    for key in ("kim", "kim-2"):
        await Staff.create(key=key, email="kim@kestrel.example")
    await Staff.create(key="lou", email="lou@kestrel.example", active=False)
    for email in ("kim@kestrel.example", "lou@kestrel.example"):
        assert (await account(front, email=email)).staff_id is None


async def test_who_is_an_account_already_is_not_a_second_one(front: Front) -> None:
    kim = await Staff.create(key="kim", email="kim@kestrel.example")
    first = await account(front, email="first@kestrel.example")
    await accounts.change(first.id, staff="kim", by="test", now=front.clock.now)
    assert (await account(front, email="kim@kestrel.example")).staff_id is None
    assert (await Account.get(id=first.id)).staff_id == kim.id


async def test_an_admin_who_is_nobody_on_the_desk_is_led_to_where_they_say_who_they_are(front: Front) -> None:
    admin, agent = await at(front), await at(front, Role.AGENT)
    await admin.open("/admin/inbox")
    lee = await Account.get(role=Role.ADMIN)
    [link] = [one for one in admin.page.all("a") if one.get("href") == f"/admin/accounts/{lee.id}"]
    assert "Ask an admin" not in admin.page.text
    await admin.open(str(link["href"]))
    assert admin.page.all("select", name="staff")
    await agent.open("/admin/inbox")
    assert "Ask an admin" in agent.page.text
    assert "/admin/accounts/" not in agent.html


async def test_all_that_is_wrong_with_the_set_up_is_said_at_once(sqlite_front: Front) -> None:
    code = await invitations.for_setup(now=sqlite_front.clock.now)
    browser = Browser(sqlite_front)
    await browser.open(f"/setup/{code}")
    await browser.send(email="no address", name="Lee", password="short", again="other")
    assert browser.status == 422
    for name in ("email", "password", "again"):
        [field] = browser.page.all("input", name=name)
        assert field["aria-invalid"] == "true", name
        assert browser.page.all("span", id=f"p-{name}")
    assert not await Account.exists()


async def test_somebody_is_invited_and_comes_in_with_that_role_and_address(front: Front) -> None:
    admin = await at(front)
    await admin.open("/admin/accounts")
    await admin.post("/admin/accounts", email="Mia@Kestrel.example", name="Mia", role="supervisor")
    code = admin.page.text.split("/setup/")[1].split()[0]
    mia = Browser(front)
    await chosen(mia, code, email="somebody.else@kestrel.example")
    assert mia.path == "/admin/"
    made = await Account.get(email="mia@kestrel.example")
    assert made.role is Role.SUPERVISOR
    assert not await Account.exists(email="somebody.else@kestrel.example")


async def test_an_invitation_is_withdrawn_from_its_row(front: Front) -> None:
    admin = await at(front)
    await admin.open("/admin/accounts")
    await admin.post("/admin/accounts", email="mia@kestrel.example", name="Mia", role="agent")
    assert "Send this link to mia@kestrel.example" in admin.page.text
    code = admin.page.text.split("/setup/")[1].split()[0]
    await admin.open("/admin/accounts")
    assert "invited until" in admin.page.text
    [row] = [one["href"] for one in admin.page.all("a") if "/invitations/" in one.get("href", "")]
    await admin.open(row)
    await admin.send(f"{row}/withdraw")
    assert "The invitation is withdrawn." in admin.page.text
    assert "mia@kestrel.example" not in admin.page.text
    mia = Browser(front)
    await mia.open(f"/setup/{code}")
    assert mia.status == 404
    await admin.open(row)
    assert admin.status == 404
    line = await AuditLine.all().order_by("-id").first()
    assert line is not None
    assert (line.action, line.subject, line.before) == (
        "account.withdrawn",
        "account:mia@kestrel.example",
        {"role": "agent"},
    )
    await admin.open("/admin/audit")
    assert "Invitation withdrawn" in admin.page.text


async def test_the_link_of_an_invitation_is_made_anew(front: Front) -> None:
    admin = await at(front)
    await admin.open("/admin/accounts")
    await admin.post("/admin/accounts", email="mia@kestrel.example", name="Mia", role="supervisor")
    old = admin.page.text.split("/setup/")[1].split()[0]
    await admin.open("/admin/accounts")
    [row] = [one["href"] for one in admin.page.all("a") if "/invitations/" in one.get("href", "")]
    await admin.open(row)
    await admin.send(f"{row}/again")
    new = admin.page.text.split("/setup/")[1].split()[0]
    mia = Browser(front)
    await mia.open(f"/setup/{old}")
    assert mia.status == 404
    await chosen(mia, new)
    assert mia.path == "/admin/"
    made = await Account.get(email="mia@kestrel.example")
    assert (made.role, made.name) == (Role.SUPERVISOR, "Lee")
    await admin.post(f"{row}/again")
    assert admin.status == 404, "she has come"


async def test_the_choice_of_a_role_is_short_and_explained_below(sqlite_front: Front) -> None:
    admin = await at(sqlite_front)
    for path in ("/admin/accounts", f"/admin/accounts/{(await Account.get()).id}"):
        page = await admin.open(path)
        assert re.findall(r"<option[^>]*>(\w+)</option>", admin.html)[:4] == ["Admin", "Supervisor", "Agent", "Auditor"]
        assert page.all("select", name="role")[0]["aria-describedby"] == "h-role"
        assert "works tickets, sees the board and how things are set up" in page.text


async def test_whoever_finds_an_admins_open_browser_makes_no_link_for_that_account(front: Front) -> None:
    admin = await at(front)
    person = await Account.get()
    await admin.open(f"/admin/accounts/{person.id}")
    assert not admin.page.all("form", action=f"/admin/accounts/{person.id}/password")
    await admin.post(f"/admin/accounts/{person.id}/password")
    assert admin.status == 422
    assert "You change your own password under Your account" in admin.page.text
    assert "/setup/" not in admin.html


async def test_a_new_password_by_address_signs_out_all_browsers(front: Front) -> None:
    admin, mia = await at(front), await at(front, Role.AGENT)
    person = await Account.get(email="agent@kestrel.example")
    await admin.open(f"/admin/accounts/{person.id}")
    await admin.send(f"/admin/accounts/{person.id}/password")
    code = admin.page.text.split("/setup/")[1].split()[0]
    again = Browser(front)
    await chosen(again, code, password="another kettle entirely")
    await mia.open("/admin/")
    assert mia.status == 401
    await Browser(front).sign_in("agent@kestrel.example")
    assert await accounts.with_password("agent@kestrel.example", PASSWORD) is None
    assert await accounts.with_password("agent@kestrel.example", "another kettle entirely") is not None


async def test_the_right_password_leads_to_the_page_that_was_asked_for(front: Front) -> None:
    await account(front)
    browser = Browser(front)
    await browser.open("/admin/audit?about=account:x")
    assert browser.status == 401
    await browser.post("/admin/login", email="ADMIN@kestrel.example ", password=PASSWORD)
    assert (browser.status, browser.path) == (200, "/admin/audit")


async def test_a_wrong_guess_tells_nothing(sqlite_front: Front) -> None:
    await account(sqlite_front)
    closed = await account(sqlite_front, Role.AGENT)
    await accounts.change(closed.id, active=False, by="test", now=sqlite_front.clock.now)
    said = []
    for email, password in (
        ("admin@kestrel.example", "wrong"),
        ("nobody@kestrel.example", PASSWORD),
        ("agent@kestrel.example", PASSWORD),
        ("", ""),
    ):
        browser = Browser(sqlite_front, address=f"203.0.113.{len(said) + 20}")
        await browser.sign_in(email, password)
        assert browser.status == 422
        said.append(browser.page.heading)
    assert len(set(said)) == 1
    assert not await Session.exists()


@pytest.mark.parametrize("email", ["\x00", "a\x00@b.example", "x" * 300, "\ud800".encode("utf-8", "surrogatepass")])
async def test_no_address_is_an_error_of_ours(front: Front, email: str | bytes) -> None:
    browser = Browser(front)
    await browser.open("/admin/login")
    await browser.send(email=email, password="pass\x00word")
    assert browser.status == 422
    assert "not right" in browser.page.text


async def test_guessing_is_slow(sqlite_front: Front) -> None:
    sqlite_front.site.rates.sign_in = Bucket(5, 5, seconds=lambda: 0.0)  # all within one moment, however slow we are
    sqlite_front.site.rates.sign_in_caller = Bucket(20, 20, seconds=lambda: 0.0)
    await account(sqlite_front)
    browser = Browser(sqlite_front)
    seen = []
    for _ in range(8):
        await browser.open("/admin/login")
        await browser.send(email="admin@kestrel.example", password="wrong")
        seen.append(browser.status)
    assert seen == [422] * 5 + [429] * 3
    elsewhere = Browser(sqlite_front, address="198.51.100.4")
    await elsewhere.sign_in("admin@kestrel.example")
    assert elsewhere.path == "/admin/", "who guesses elsewhere locks nobody out"
    for number in range(30):
        await browser.open("/admin/login")
        await browser.send(email=f"{number}@kestrel.example", password="wrong")
        seen.append(browser.status)
    assert seen.count(422) <= 20


async def test_a_session_ends_idle_after_a_day_on_sign_out_and_with_the_account(front: Front) -> None:
    person = await account(front, Role.AGENT)

    async def signed_in() -> Browser:
        browser = await at(front, Role.AGENT)
        assert browser.status == 200
        return browser

    idle = await signed_in()
    front.clock.pass_(hours=8, seconds=1)
    await idle.open("/admin/")
    assert idle.status == 401

    busy = await signed_in()
    for _ in range(4):
        front.clock.pass_(hours=5, minutes=59)
        await busy.open("/admin/")
        assert busy.status == 200
    front.clock.pass_(minutes=5)
    await busy.open("/admin/")
    assert busy.status == 401, "a day is the longest"

    out = await signed_in()
    await out.send("/admin/logout")
    assert out.path == "/admin/login"
    await out.open("/admin/")
    assert out.status == 401

    demoted = await signed_in()
    await accounts.change(person.id, role="auditor", by="test", now=front.clock.now)
    await demoted.open("/admin/")
    assert demoted.status == 401, "a change of role acts at once"
    closed = await signed_in()
    await accounts.change(person.id, active=False, by="test", now=front.clock.now)
    await closed.open("/admin/")
    assert closed.status == 401


async def test_what_the_browser_keeps_is_for_us_alone_and_new_at_each_sign_in(front: Front) -> None:
    await account(front)
    browser = Browser(front)
    browser.client.cookies.set("__Host-afterword-admin", "f" * 43, domain="survey.example.org", path="/")
    await browser.open("/admin/login")
    answer = await browser.client.post(
        "/admin/login", data={**browser.page.hidden(), "email": "admin@kestrel.example", "password": PASSWORD}
    )
    cookies = [value for name, value in answer.headers.multi_items() if name == "set-cookie"]
    [ours] = [one for one in cookies if one.startswith("__Host-afterword-admin=")]
    assert all(word in ours for word in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"))
    assert "Domain" not in ours
    token = ours.split("=")[1].split(";")[0]
    assert token != "f" * 43
    assert token not in answer.text
    assert not await Session.filter(token_hash=token).exists(), "only its hash is kept"


async def test_changing_the_password_needs_the_old_one_and_keeps_this_browser_in(front: Front) -> None:
    browser, other = await at(front), await at(front)
    page = await browser.open("/admin/account")
    [whose] = page.all("input", autocomplete="username")
    assert whose["value"] == "admin@kestrel.example", "a password manager is told whose password it is"
    await browser.post("/admin/account/password", old="wrong", password="a new one, longer", again="a new one, longer")
    assert browser.status == 422
    assert "not the password that you have now" in browser.page.text
    await browser.post("/admin/account/password", old=PASSWORD, password="a new one, longer", again="a new one, longer")
    assert "Your password is changed" in browser.page.text
    await other.open("/admin/")
    assert other.status == 401


async def test_other_browsers_can_be_signed_out(front: Front) -> None:
    browser, other = await at(front), await at(front)
    await browser.open("/admin/account")
    await browser.send("/admin/account/sign-out-others")
    assert "All other browsers are signed out" in browser.page.text
    await other.open("/admin/")
    assert other.status == 401


async def test_browsers_whose_session_has_ended_are_neither_shown_nor_kept(front: Front) -> None:
    left_open = await at(front)
    front.clock.pass_(hours=7)
    browser = await at(front)
    assert len(await _listed(browser)) == 2
    front.clock.pass_(hours=2)
    assert len(await _listed(browser)) == 1
    await housekeeping.tidy(now=front.clock.now)
    assert await Session.all().count() == 1, "what has ended is gone from the store"
    await left_open.open("/admin/account")
    assert left_open.status == 401
    front.clock.pass_(hours=25)
    await housekeeping.tidy(now=front.clock.now)
    assert not await Session.exists()


async def _listed(browser: Browser) -> list[str]:
    """The browsers in which somebody is signed in, as they are shown."""
    await browser.open("/admin/account")
    return re.findall(r"since [^<]*", browser.html)


async def test_the_last_admin_stays_one(front: Front) -> None:
    admin = await at(front)
    person = await Account.get(email="admin@kestrel.example")
    await admin.open(f"/admin/accounts/{person.id}")
    path = f"/admin/accounts/{person.id}"
    await admin.send(path, name="Lee", role="agent", active="on", sure="agent on")
    assert admin.status == 422
    assert "the last admin" in admin.page.text
    await admin.post(path, name="Lee", role="admin", sure="admin", seen=admin.page.hidden()["seen"])
    assert "the last admin" in admin.page.text
    second = await account(front, email="zoe@kestrel.example")
    await admin.open(f"/admin/accounts/{second.id}")
    await admin.send(f"/admin/accounts/{second.id}", name="Zoë", role="agent", active="on")
    assert "Saved" in admin.page.text


async def test_an_address_has_one_account(front: Front) -> None:
    admin = await at(front)
    await admin.open("/admin/accounts")
    await admin.post("/admin/accounts", email="admin@Kestrel.example", role="agent")
    assert admin.status == 422
    assert "has an account already" in admin.page.text


async def test_pages_speak_the_language_of_the_account(front: Front) -> None:
    browser = await at(front)
    await browser.open("/admin/account")
    await browser.post("/admin/account", name="李雷", locale="zh-Hans")
    assert "已保存" in browser.page.text
    stranger = Browser(front, **{"accept-language": "zh-CN,zh;q=0.9"})
    await stranger.open("/admin/audit")
    assert "请先登录" in stranger.page.text


async def test_every_change_of_an_account_is_in_the_audit(front: Front) -> None:
    admin = await at(front)
    person = await account(front, Role.AGENT)
    await admin.open(f"/admin/accounts/{person.id}")
    await admin.post(f"/admin/accounts/{person.id}", name="Mia", role="auditor", active="on")
    line = await AuditLine.all().order_by("-id").first()
    assert line is not None
    assert (line.actor, line.action, line.subject) == (
        "admin@kestrel.example",
        "account.changed",
        "account:agent@kestrel.example",
    )
    assert (line.before, line.after) == ({"name": "Lee <3", "role": "agent"}, {"name": "Mia", "role": "auditor"})
    await admin.open("/admin/audit")
    assert "Changed" in admin.page.text
    assert (await audit.verify()).broken is None

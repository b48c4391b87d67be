"""What a new team may be called, what is said when it goes, and who may open a form for something new."""

from __future__ import annotations

import pytest

from core import setup as setups
from core.models.accounts import Role
from core.models.setup import Team
from core.setup import SetupError
from tests.web.admin.desk import at
from tests.web.front import Front

NEW = ("rules", "surveys", "webhooks", "digests")


@pytest.fixture
def front(sqlite_front: Front) -> Front:
    return sqlite_front


@pytest.mark.parametrize("key", ["Bad Key!<>", 'a"b', "a/b", "a\\b", "a\tb", "x" * 61, "a\u202eb"])
async def test_a_new_team_is_called_by_letters_digits_and_a_few_signs(front: Front, key: str) -> None:
    browser = await at(front)
    before = await Team.all().count()
    await browser.open("/admin/teams")
    page = await browser.send("/admin/teams", key=key, name="New")
    assert browser.status == 422
    assert page.all("input", name="key", id="f-key")[0]["value"] == key
    assert "Only letters and digits" in page.text or len(key) > 60 or key == "a\tb"
    assert await Team.all().count() == before


@pytest.mark.parametrize("key", ["售后 二组", "Field & Home_2", "ग्राहक", "r.o-w"])
async def test_letters_of_any_script_are_good(front: Front, key: str) -> None:
    browser = await at(front)
    await browser.open("/admin/teams")
    await browser.send("/admin/teams", key=key, name="")
    assert await Team.filter(key=key).exists()


async def test_a_file_may_not_either_and_what_is_there_stays(front: Front) -> None:
    await Team.create(key="Old <1>", name="")
    told = setups.parse('[[teams]]\nkey = "Old <1>"\nname = "Renamed"\n')
    await setups.apply(told, now=front.clock.now)
    assert (await Team.get(key="Old <1>")).name == "Renamed"
    with pytest.raises(SetupError, match="letters, digits, blanks inside"):
        await setups.apply(setups.parse('[[teams]]\nkey = "New <1>"\n'), now=front.clock.now)


async def test_what_goes_with_a_team_is_counted_as_people_say_it(front: Front) -> None:
    browser = await at(front)
    team = await Team.create(key="new", name="New")
    await browser.open("/admin/staff")
    await browser.send("/admin/staff", email="li@kestrel.example", name="Li", team="new")
    page = await browser.open(f"/admin/teams/{team.id}")
    assert "0 open tickets and 1 person would be without a team." in page.text


@pytest.mark.parametrize("role", list(Role))
async def test_a_form_for_something_new_is_refused_as_any_other_page_is(front: Front, role: Role) -> None:
    browser = await at(front, role)
    for part in NEW:
        page = await browser.open(f"/admin/{part}/new")
        assert browser.status == (200 if role is Role.ADMIN else 403), part
        assert ("That is not yours to see" in page.text) is (role is not Role.ADMIN)
    await browser.open("/admin/rules/nosuch")
    assert browser.status == (404 if role in (Role.ADMIN, Role.AUDITOR, Role.SUPERVISOR) else 403)

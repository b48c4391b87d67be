"""`/admin/teams`: who answers for what, whom an alert tells step by step, who is on duty."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends
from starlette.responses import Response

from bot.web.admin import addresses, asking, audit_names, audit_words, measures, people_forms, template_scope
from bot.web.admin.audit_names import Names
from bot.web.admin.door import Member, Visit
from bot.web.admin.people_forms import Outcome, Values
from core.accounts.roles import Right
from core.errors import Refusal
from core.models.setup import Staff, Team
from core.reactions import duty, ladders, trials
from core.reactions.team_settings import DAYS
from core.setup import Stale, TeamSetup, keys, teams
from core.setup.teams import Hanging, Named

router = APIRouter(include_in_schema=False)
PATH = "/admin/teams"
Seeing = Annotated[Visit, Depends(Member(Right.SEE_SETUP))]
Changing = Annotated[Visit, Depends(Member(Right.CHANGE_SETUP))]


@router.api_route(PATH, methods=["GET", "HEAD"])
async def look(visit: Seeing) -> Response:
    return await _list(visit)


@router.post(PATH)
async def add(visit: Changing) -> Response:
    form = await visit.form()
    values = {"key": form.get("key", "").strip(), "name": form.get("name", "").strip()}
    outcome = await people_forms.save(visit, TeamSetup, values, "")
    if not outcome.saved:
        return await _list(visit, form=form, outcome=outcome)
    team = await Team.get(key=values["key"])
    return visit.back(f"{PATH}/{team.id}", said="saved")


@router.api_route(f"{PATH}/{{team_id}}", methods=["GET", "HEAD"])
async def look_at(visit: Seeing, team_id: int) -> Response:
    team, seen = await people_forms.found(Team, "teams", team_id)
    return await _one(visit, team, seen.values, seen.mark)


@router.post(f"{PATH}/{{team_id}}")
async def change(visit: Changing, team_id: int) -> Response:
    fields = await visit.form_lists()
    team, there = await people_forms.edited(Team, team_id, fields)
    mark = fields.get("seen", [""])[-1]
    values = _values(fields)
    meant = _meant(values, by_mail=addresses.only_mail(visit.site.channels))
    outcome = await people_forms.save(visit, TeamSetup, {"key": team.key, **meant}, mark)
    if outcome.saved:
        return visit.back(f"{PATH}/{(await Team.get(key=team.key)).id}", said="saved")
    there = there and not outcome.is_gone
    return await _one(visit, team, values, outcome.mark(mark), outcome=outcome, there=there)


@router.post(f"{PATH}/{{team_id}}/remove")
async def remove(visit: Changing, team_id: int) -> Response:
    team, seen = await people_forms.found(Team, "teams", team_id)
    mark = (await visit.form()).get("seen", "")
    question = await _before_removing(visit, team)
    if question is not None:
        return question
    try:
        await teams.remove(team.key, seen=mark, actor=visit.account.email, now=visit.now)
    except Stale as stale:
        outcome, now = Outcome(theirs=stale.theirs, stale=True), stale.theirs or seen
        return await _one(visit, team, now.values, now.mark, outcome=outcome, there=not outcome.is_gone)
    except Refusal as refusal:
        return await _one(visit, team, seen.values, seen.mark, outcome=Outcome({"remove": visit.why(refusal)}))
    return visit.back(PATH, said="team_removed")


async def _before_removing(visit: Visit, team: Team) -> Response | None:
    hanging = await teams.hanging_on(team.key)
    if hanging.named_by:  # it is refused
        return None
    return await asking.first(
        visit,
        title=visit.say("teams.remove_title", name=team.name or team.key),
        about=_parted(visit, hanging),
        button=visit.say("teams.remove"),
        back=f"{PATH}/{team.id}",
    )


@router.post(f"{PATH}/{{team_id}}/test")
async def test(visit: Changing, team_id: int) -> Response:
    """Sends a test alert to where the team's alerts go first. Asked by a script, it answers in place."""
    team, seen = await people_forms.found(Team, "teams", team_id)
    try:
        await trials.send(team, by=visit.account.email, called=visit.account.name or visit.account.email, now=visit.now)
    except Refusal as refusal:
        return await _one(visit, team, seen.values, seen.mark, outcome=Outcome({"test": visit.why(refusal)}))
    if visit.request.headers.get("hx-request"):
        return await _one(visit, team, seen.values, seen.mark, tested=True)
    return visit.back(f"{PATH}/{team_id}", said="alert_tested")


def _parted(visit: Visit, hanging: Hanging) -> str:
    """Who and what would be without a team."""
    tickets = visit.say("teams.open_tickets", count=hanging.tickets)
    return visit.say("teams.remove_about", tickets=tickets, members=visit.say("teams.people", count=hanging.members))


def _values(fields: dict[str, list[str]]) -> Values:
    """The form as the set-up file would say it; a row without its first choice is taken out."""
    one = {name: given[-1].strip() for name, given in fields.items()}
    return {
        "name": one.get("name", ""),
        "alert": {"channel": one.get("alert.channel", ""), "to": one.get("alert.to", "")},
        "timezone": one.get("timezone", ""),
        "quiet_hours": measures.read_hours(fields, "quiet_hours", ""),
        "ladder": people_forms.rows(
            fields, "ladder", ("to", "channel", "address"), spans=("after",), needed="after.number"
        ),
        "duty": people_forms.rows(fields, "duty", ("who",), many=("days",), hours=("hours",), needed="who"),
        "stand_ins": people_forms.rows(fields, "stand_ins", ("who", "since", "until"), needed="who"),
    }


def _meant(values: Values, *, by_mail: str) -> Values:
    """ "place" is no setting but what a form calls the step that names one. Admins are told `by_mail` where no channel
    is chosen.
    """
    return {**values, "ladder": [_meant_step(step, by_mail) for step in values["ladder"]]}


def _meant_step(step: Values, by_mail: str) -> Values:
    if step["to"] == "admins":
        return {**step, "channel": step["channel"] or by_mail}
    return {**step, "to": "" if step["to"] == "place" else step["to"]}


async def _list(visit: Visit, *, form: dict[str, str] | None = None, outcome: Outcome | None = None) -> Response:
    found = await Team.all().order_by("name", "key").prefetch_related("members")
    on_duty = {team.id: await duty.now_on(team, now=visit.now) for team in found}
    problems = outcome.beside("key", visit.say("teams.taken")) if outcome else {}
    return people_forms.draw_list(visit, "teams", form or {}, problems, teams=found, on_duty=on_duty)


def _named(visit: Visit, one: Named, names: Names) -> tuple[str, str]:
    """What names the team, in words and with the address of its page; "" where it has none."""
    words = audit_words.subject(visit, f"{one.kind}:{one.key}", names)
    scope = audit_words.scope_of(one.key)
    if one.kind == "ab_test":
        return words, f"/admin/templates/ab-tests/{one.id}"
    if one.kind == "template":
        return words, f"/admin/templates/edit?{template_scope.query(scope)}" if scope else ""
    opens = one.kind == "rule" or keys.is_good(one.key)
    return words, f"/admin/{one.kind}s/{quote(one.key, safe='')}" if opens else ""


async def _one(
    visit: Visit,
    team: Team,
    values: Values,
    mark: str,
    *,
    outcome: Outcome | None = None,
    there: bool = True,
    tested: bool = False,
) -> Response:
    return await people_forms.draw_one(
        visit,
        "team",
        values,
        mark,
        removed=None if there else ("teams", team.key),
        outcome=outcome,
        team=team,
        tested=tested,
        people=await people_forms.people(visit),
        site_zone=visit.site.timezone,
        days=DAYS,
        **(await _around(visit, team) if there else {}),
    )


async def _around(visit: Visit, team: Team) -> dict[str, Any]:
    """What stands beside the form of a team that is there."""
    hanging, names = await teams.hanging_on(team.key), await audit_names.of_setup(visit)
    trial = await trials.latest(team)
    return {
        "members": await Staff.filter(team_id=team.id).order_by("-active", "-leads", "name"),
        "on_duty": await duty.now_on(team, now=visit.now),
        "has_place": await Team.exclude(alert_channel="").exists(),
        "planned": await ladders.plan(team, now=visit.now),
        "trial": trial,
        "unread": trial and await addresses.unseen(visit.site.channels, {(trial.channel, trial.target)}),
        "parted": _parted(visit, hanging),
        "named_by": [_named(visit, one, names) for one in hanging.named_by],
    }

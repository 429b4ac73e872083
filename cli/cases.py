"""`earshot cases`: what waits for a team, or for all of them."""

import heapq
import json
from datetime import datetime
from typing import Any

import click

from cli.stage import Stage, with_stage
from shared.model.case import Found
from shared.values import to_iso, utc_now

_LATEST = "9999"


@click.command()
@click.argument("team", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_stage
def cases(stage: Stage, team: str | None, as_json: bool) -> None:
    """List the cases that wait for TEAM, or for every team, the first due first."""
    teams = list(stage.config.teams)
    if team is not None and team not in teams:
        raise click.UsageError(f"there is no team {team!r}; use one of {', '.join(teams)}")
    lists = (stage.cases.waiting(each) for each in ([team] if team else teams))
    waiting = list(heapq.merge(*lists, key=_due))
    if as_json:
        click.echo(json.dumps([_as_json(found) for found in waiting], ensure_ascii=False, indent=2))
        return
    for found in waiting:
        click.echo(_as_line(found, utc_now()))
    click.echo(
        f"{len(waiting)} wait{'s' if len(waiting) == 1 else ''}; `earshot show ID` has the whole story", err=True
    )


def as_case(found: Found) -> dict[str, Any]:
    """A case with its timeline, as `--json` prints it."""
    case = found.case
    return {
        "state": case.state.value,
        "team": found.feedback.team,
        "owner": case.owner,
        "due_at": to_iso(case.due_at) if case.due_at else None,
        "timeline": [
            {name: value for name, value in entry.model_dump(mode="json", exclude_none=True).items() if value != ""}
            for entry in found.timeline
        ],
    }


def _as_json(found: Found) -> dict[str, Any]:
    case = as_case(found)
    del case["timeline"]  # a list does not read them
    step = found.case.step.value if found.case.step else None
    feedback = found.feedback.model_dump(mode="json")
    return {"id": found.feedback.id, "kind": found.kind.value, **case, "overdue": step, "feedback": feedback}


def _as_line(found: Found, now: datetime) -> str:
    feedback, case = found.feedback, found.case
    due = f"due {case.due_at:%d %b %H:%M} UTC" if case.due_at else "without a due time"
    late = f", overdue: with the {case.step}" if case.step else ", overdue" if case.due_at and case.due_at < now else ""
    words = " ".join(feedback.comment.split())
    said = f"“{words[:60]}{'…' if len(words) > 60 else ''}”" if words else feedback.mood.value
    return f"{feedback.id}  {feedback.team} · {case.owner or 'nobody'} · {case.state}, {due}{late} · {said}"


def _due(found: Found) -> str:
    return to_iso(found.case.due_at) if found.case.due_at else _LATEST

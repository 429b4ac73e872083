"""`earshot clock`: move the time on by which cases are overdue. Local stage only."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from cli.durations import DURATION
from cli.stage import Stage, with_stage
from shared.model.case import Found
from shared.values import to_iso, utc_now

LONGEST = timedelta(days=90)


@click.command()
@click.argument("time")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_stage
def clock(stage: Stage, time: str, as_json: bool) -> None:
    """Let it be TIME for the cases that wait: +2h from now, or a time like 2026-12-24T18:00.

    What falls due until then moves on, step by step and in its order. Everything else keeps the present time.
    """
    if not stage.is_local:
        raise click.ClickException("the clock of a deployed stage is AWS's; start the local one with `make run`")
    now = utc_now()
    until = _moment(time, now)
    if not now <= until <= now + LONGEST:
        raise click.UsageError(f"TIME must be later than now, and at most {LONGEST.days} days.")
    moved = [_as_json(found) for found in _moved(stage, now, until)]
    if as_json:
        click.echo(json.dumps(moved, ensure_ascii=False, indent=2))
        return
    for each in moved:
        to = f", to the {each['to']}" if each["to"] else ""
        click.echo(f"{each['at']}  {each['id']} ({each['team']}): {each['what']}{to}")
    click.echo(f"Nothing else is due by {until:%d %b %Y %H:%M} UTC.", err=True)


def _moment(written: str, now: datetime) -> datetime:
    if written.startswith("+"):
        return now + DURATION.convert(written[1:], None, None)
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise click.UsageError(f"{written!r} is no time; write +2h, or one like 2026-12-24T18:00.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moved(stage: Stage, now: datetime, until: datetime) -> list[Found]:
    """What moved, in its order: `escalate` is invoked at each time at which something is due."""
    moved: list[Found] = []
    while (due := next(stage.cases.due(until), None)) is not None:
        now = max(now, due.case.wake_at or now)
        answer = stage.client("lambda").invoke(
            FunctionName=stage.outputs["EscalateFunction"], Payload=json.dumps({"time": now.isoformat()}).encode()
        )
        told: Any = json.loads(answer["Payload"].read())
        if "FunctionError" in answer or not (told["overdue"] or told["promised"]):
            raise click.ClickException(f"{due.feedback.id} is due and does not move; read the log of escalate")
        moved += [found for id in (*told["promised"], *told["overdue"]) if (found := stage.cases.get(id))]
    return moved


def _as_json(found: Found) -> dict[str, str | None]:
    entry = found.timeline[-1]
    return {
        "at": to_iso(entry.at),
        "id": found.feedback.id,
        "team": found.feedback.team,
        "what": entry.what.value,
        "to": entry.to,
    }

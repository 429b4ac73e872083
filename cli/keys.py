"""`earshot keys`: the keys that sign links, sessions and reply addresses."""

import json
from datetime import UTC, datetime, timedelta

import click

from cli.durations import DURATION
from cli.stage import Stage, with_stage
from cli.unseen import ask_unseen


@click.group()
def keys() -> None:
    """Keys that sign links and sessions, and the auth tokens of Twilio accounts."""


@keys.command()
@click.option("--overlap", type=DURATION, default="400d", help="How long old links go on working. [default: 400d]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_stage
def rotate(stage: Stage, overlap: timedelta, as_json: bool) -> None:
    """Add a signing key and let the older ones retire after the overlap; teams' sessions get a new key of their own.

    After a leak use `--overlap 0s`: links and sessions signed until now stop working within five minutes.
    """
    stage.session_keys.rotate(overlap)
    live = [
        {"active_at": _iso(key["active_at"]), "retires_at": _iso(key["retires_at"])}
        for key in stage.keys.rotate(overlap)
    ]
    if as_json:
        click.echo(json.dumps({"keys": live}))
        return
    click.echo(f"{len(live)} live keys; new links are signed with the newest from {live[-1]['active_at']}")
    for key in live[:-1]:
        click.echo(f"links of an older key work until {key['retires_at']}")


@keys.command()
@click.argument("account")
@with_stage
def twilio(stage: Stage, account: str) -> None:
    """Keep the auth token of the Twilio ACCOUNT, which signs its requests to /sms/twilio.

    The token is asked for without being shown, or piped in.
    """
    sms = stage.config.sms
    accounts = [each.account for each in sms.twilio] if sms else []
    if account not in accounts:
        raise click.UsageError(f"earshot.toml has no Twilio account {account!r}; add it to sms.twilio first.")
    stage.twilio_tokens.set(account, ask_unseen("Auth token"))
    click.echo(f"Kept. Requests of {account} are taken within a minute at {stage.outputs['PublicUrl']}/sms/twilio")


def _iso(seconds: int | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")

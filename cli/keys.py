"""`earshot keys`: the keys that sign links, sessions and reply addresses."""

import json
from datetime import UTC, datetime, timedelta

import click

from cli.durations import DURATION
from cli.stage import Stage, with_stage


@click.group()
def keys() -> None:
    """The keys that sign links."""


@keys.command()
@click.option("--overlap", type=DURATION, default="400d", help="How long old links go on working. [default: 400d]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_stage
def rotate(stage: Stage, overlap: timedelta, as_json: bool) -> None:
    """Add a signing key and let the older ones retire after the overlap.

    After a leak use `--overlap 0s`: links signed until now stop working within five minutes.
    """
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


def _iso(seconds: int | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")

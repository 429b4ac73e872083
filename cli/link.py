"""`earshot link`: print a signed link for a message, a poster or an app."""

import json
import re
from datetime import timedelta

import click

from cli.durations import DURATION
from cli.stage import Stage, with_stage
from shared import config as config_file
from shared.feedback import utc_now
from shared.links import Link

MAX_LIFE = timedelta(days=400)  # as long as keys overlap by default


@click.command()
@click.argument("touchpoint")
@click.option("--place", help="Where the customer is, such as a branch.")
@click.option("--ref", help="Your own reference of one customer's visit or order: the link takes one answer.")
@click.option("--expires", type=DURATION, help="How long it works. [default: 30d with --ref, else 365d]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_stage
def link(
    stage: Stage, touchpoint: str, place: str | None, ref: str | None, expires: timedelta | None, as_json: bool
) -> None:
    """Print a signed link that asks about TOUCHPOINT."""
    config = config_file.load()
    if touchpoint not in config.touchpoints:
        raise click.UsageError(f"No touchpoint {touchpoint!r}; use one of {', '.join(config.touchpoints)}.")
    life = expires or timedelta(days=30 if ref else 365)
    if life > MAX_LIFE:
        raise click.UsageError(f"A link works for at most {MAX_LIFE.days}d, since its key is retired then.")
    made = Link(touchpoint, _name("--place", place), _name("--ref", ref), utc_now().replace(microsecond=0) + life)
    url = f"{stage.outputs['PublicUrl']}/f/{made.token(stage.keys)}"
    click.echo(json.dumps({"url": url, "expires_at": made.expires_at.isoformat()}) if as_json else url)


def _name(option: str, value: str | None) -> str | None:
    """Both travel in the link and stand on the card: short, and readable there."""
    if value is not None and not re.fullmatch(r"[\w.:#/+ -]{1,64}", value):
        raise click.UsageError(f"{option} takes 1 to 64 letters, digits, spaces and . : # / + - _")
    return value

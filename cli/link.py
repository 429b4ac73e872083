"""`earshot link`: print a signed link for a message, a poster or an app."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import click

from cli.durations import DURATION
from cli.stage import Stage, with_stage
from shared.keys.links import Link
from shared.values import utc_now

MAX_LIFE = timedelta(days=400)  # as long as keys overlap by default


class Asked(NamedTuple):
    """What a link asks about, from the options of a command."""

    touchpoint: str
    place: str | None
    ref: str | None
    expires: timedelta | None

    def sign(self, stage: Stage) -> tuple[str, Link]:
        """The link's address and what it says; raises `click.UsageError`."""
        touchpoints = stage.config.touchpoints
        if self.touchpoint not in touchpoints:
            raise click.UsageError(f"No touchpoint {self.touchpoint!r}; use one of {', '.join(touchpoints)}.")
        life = timedelta(days=30 if self.ref else 365) if self.expires is None else self.expires
        if not timedelta(0) < life <= MAX_LIFE:
            raise click.UsageError(
                f"--expires takes more than 0s and at most {MAX_LIFE.days}d, when the link's key is retired."
            )
        place, ref = _name("--place", self.place), _name("--ref", self.ref)
        link = Link(self.touchpoint, place, ref, utc_now().replace(microsecond=0) + life)
        return f"{stage.outputs['PublicUrl']}/f/{link.token(stage.keys)}", link


def asking(command: Callable[..., None]) -> Callable[..., None]:
    """The argument and options that `Asked` is made of."""
    for option in (
        click.option("--expires", type=DURATION, help="How long it works. [default: 30d with --ref, else 365d]"),
        click.option("--ref", help="Your own reference of one customer's visit or order: the link takes one answer."),
        click.option("--place", help="Where the customer is, such as a branch."),
        click.argument("touchpoint"),
    ):
        command = option(command)
    return command


@click.command()
@asking
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_stage
def link(stage: Stage, as_json: bool, **asked: Any) -> None:
    """Print a signed link that asks about TOUCHPOINT."""
    url, made = Asked(**asked).sign(stage)
    click.echo(json.dumps({"url": url, "expires_at": made.expires_at.isoformat()}) if as_json else url)


def _name(option: str, value: str | None) -> str | None:
    """Check a place or a reference, which stands in the link and on cards: short and printable."""
    if value is not None and not re.fullmatch(r"[\w.:#/+ -]{1,64}", value):
        raise click.UsageError(f"{option} takes 1 to 64 letters, digits, spaces and . : # / + - _")
    return value

"""`earshot snippet`: the question as HTML, to paste into a mail or a web page of your own."""

from typing import Any

import click

from cli.link import Asked, asking
from cli.stage import Stage, with_stage
from shared.languages.packs import direction
from shared.mail import letters


@click.command()
@asking
@click.option("--language", help="One of business.languages. [default: the first]")
@with_stage
def snippet(stage: Stage, language: str | None, **asked: Any) -> None:
    """Print HTML that asks about TOUCHPOINT: the question, and a link per rating, without scripts or images."""
    config = stage.config
    spoken = language or config.language
    if spoken not in config.business.languages:
        raise click.UsageError(f"No language {spoken!r}; use one of {', '.join(config.business.languages)}.")
    url, _ = Asked(**asked).sign(stage)
    click.echo(f'<div lang="{spoken}" dir="{direction(spoken)}">')
    click.echo(letters.asking(config, asked["touchpoint"], spoken, url))
    click.echo("</div>")

"""`earshot qr`: a signed link as a QR code, for posters, tables and receipts."""

from pathlib import Path
from typing import Any

import click
import segno

from cli.link import Asked, asking
from cli.stage import Stage, with_stage


@click.command()
@asking
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="An .svg, .png or .pdf to write it to.")
@with_stage
def qr(stage: Stage, out: Path | None, **asked: Any) -> None:
    """Draw a QR code of a link that asks about TOUCHPOINT: in the terminal, or into a file."""
    if out and out.suffix not in (".svg", ".png", ".pdf"):
        raise click.UsageError(f"--out writes .svg, .png or .pdf, not {out.name!r}.")
    url, made = Asked(**asked).sign(stage)
    code = segno.make(url, error="m", micro=False)
    if out is None:
        code.terminal(compact=True)
    else:
        try:
            code.save(str(out), scale=8, border=4)
        except OSError as error:
            raise click.ClickException(f"{out} cannot be written: {error.strerror}.") from None
    click.echo(f"{url}\nIt works until {made.expires_at:%d %B %Y}. Print it at least 3 cm wide.", err=True)

"""The `earshot` command: the admin's and the developer's. It runs with the caller's own AWS credentials."""

import importlib
import sys
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError
from pydynox.pydynox_core import PydynoxException

from shared.config.problems import ConfigError
from shared.errors import EarshotError

COMMANDS = {
    "cases": "cli.cases",
    "clock": "cli.clock",
    "doctor": "cli.doctor.command",
    "invite": "cli.invite",
    "keys": "cli.keys",
    "link": "cli.link",
    "mail": "cli.mail",
    "qr": "cli.qr",
    "redrive": "cli.redrive.command",
    "replay": "cli.replay",
    "routes": "cli.routes.command",
    "show": "cli.show",
    "snippet": "cli.snippet",
    "tail": "cli.tail",
    "text": "cli.text",
}


class Commands(click.Group):
    """Commands by name; the module of each is imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In alphabetical order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of this name; None where there is none."""
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(COMMANDS[name]), name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--stage", help="Which stage to speak to. [default: local while it runs, else prod]")
@click.pass_context
def cli(ctx: click.Context, stage: str | None) -> None:
    """Feedback within earshot of the people who can act on it."""
    ctx.obj = stage


def main(arguments: list[str] | None = None) -> None:
    """Run a command. Every error is one line that says what to do; exit status 2 for bad usage, 1 for the rest."""
    try:
        status: Any = cli.main(arguments, prog_name="earshot", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(2)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "earshot"
        _fail(f"{error.format_message().rstrip('.')}. See '{command} --help'.", 2)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        _fail(error.format_message(), error.exit_code)
    except ConfigError as error:
        sys.exit(str(error))  # one line per mistake
    except (EarshotError, BotoCoreError, ClientError, PydynoxException) as error:
        _fail(str(error), 1)
    sys.exit(status if isinstance(status, int) else 0)


def _fail(message: str, status: int) -> None:
    click.echo(f"earshot: {' '.join(message.split())}", err=True)
    sys.exit(status)

"""Secrets are read from standard input: every user of a machine can see the arguments of its commands."""

import sys

import click


def ask_unseen(what: str) -> str:
    """A secret, typed without being shown, or the first line of what is piped in."""
    if sys.stdin.isatty():
        return str(click.prompt(what, hide_input=True)).strip()
    secret = sys.stdin.readline().strip()
    if not secret:
        raise click.UsageError(f"{what}: nothing came in; type it when asked, or pipe it in")
    return secret


def or_from_input(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """A callback for a repeatable option: `-` stands for the lines of standard input."""
    found = [line for value in values for line in (sys.stdin.read().split() if value == "-" else [value])]
    if values and not found:
        raise click.BadParameter("nothing came in by standard input")
    return tuple(found)

"""`earshot invite`: ask one customer, or a list of them, and say who was left out and why."""

import io
import json
import re
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import click
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from cli import sheet
from cli.stage import Stage, with_stage
from shared.addresses import contact
from shared.config.model import Config
from shared.ids import random_id
from shared.languages import tags
from shared.model.events import InvitationRequested, wrong_field
from shared.model.invitation import Held

BATCH = 20  # customers handed over at a time: a step of the progress bar, far within the function's time
COLUMNS = ("phone", "email", "name", "ref", "place", "language", "time_zone", "channel")
TRIES = 3  # to hand a customer over; who was asked by a try whose answer was lost is not asked twice
NOT_ASKED = "not-asked"
TWICE = "twice-in-file"
ROUNDED = "number-rounded"
_ROUNDED = re.compile(r"\d([.,]\d*)?e\+?\d+", re.IGNORECASE)
_WHY = {
    "no-address": "has no phone number or mail address to ask at",
    "address-refused": "is no mobile number or address that a person reads; mend its phone or email",
    "country-not-allowed": "is in a country that sms.countries does not list",
    "no-number-of-ours": "would be texted, and earshot.toml has no [sms]",
    "unknown-touchpoint": "was asked about a touchpoint that is not deployed; run `make deploy` first",
    "asked-for-silence": "asked to be left alone, or cannot be reached there",
    "asked-recently": "was asked less than invitations.days_between days ago",
    "quiet-hours": "has quiet hours just now; try later, or add --any-hour",
    "over-budget": "would be a text more than a day has room for; raise sms.sent_per_day, or go on tomorrow",
    "expired": "would be asked too late",
    "language-not-offered": "is to be asked in a language that business.languages does not list",
    ROUNDED: "is a phone number that a spreadsheet has rounded; format its column as text, and enter the number again",
    "request-unreadable": "has a field that cannot be taken: it is too long, or more than a line of text",
    NOT_ASKED: "could not be asked now",
    TWICE: "stands in the file before",
}


class _CannotRun(Exception):
    """The function cannot run, or cannot be reached; the message says why."""


class Customer(NamedTuple):
    """One request, and the line of the file it came from (0: the command line)."""

    line: int
    request: dict[str, Any]
    problem: str | None = None
    """Why the function need not be asked about them, as it would say it."""

    @property
    def name(self) -> str:
        """How the report names them."""
        customer = self.request["customer"]
        known = customer.get("phone") or customer.get("email") or customer.get("ref") or "(nobody)"
        return str(known)[: 2 * sheet.SHOWN]


@click.command()
@click.argument("touchpoint")
@click.option("--to", help="A phone number (+447400123456) or a mail address.")
@click.option(
    "--csv", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A list of customers."
)
@click.option("--name", help="What to call them.")
@click.option("--ref", help="Your own reference, such as an order's.")
@click.option("--place", help="Where it was, such as a branch.")
@click.option("--language", help="Theirs. [default: the first of business.languages]")
@click.option(
    "--time-zone",
    help="Theirs, like Europe/London. It counts beside their number's. [default: the business's, for a mail address]",
)
@click.option("--any-hour", is_flag=True, help="Ask although it is a quiet hour where they are.")
@click.option("--dry-run", is_flag=True, help="Only say what would be sent, in how many segments, at what price.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_stage
def invite(
    stage: Stage,
    touchpoint: str,
    to: str | None,
    file: Path | None,
    any_hour: bool,
    dry_run: bool,
    as_json: bool,
    **about: str | None,
) -> None:
    """Ask about TOUCHPOINT: one customer with --to, or all in a CSV file.

    The file's first line names its columns: phone, email (one of them is needed), name, ref, place, language,
    time_zone, channel (sms or email). A customer with both is texted.
    """
    config = stage.config
    if touchpoint not in config.touchpoints:
        raise click.UsageError(f"No touchpoint {touchpoint!r}; use one of {', '.join(config.touchpoints)}.")
    if (to is None) == (file is None):
        raise click.UsageError("Say whom to ask: either --to or --csv.")
    if file is not None and any(about.values()):
        raise click.UsageError("With --csv, what is known of each customer stands in the file.")
    defaults = {"touchpoint": touchpoint}
    if to is not None:
        customers = [_customer(0, config, defaults, {**about, "email" if "@" in to else "phone": to})]
    if file is not None:
        rows = sheet.read(file, COLUMNS, ("phone", "email"))
        customers = [_customer(line, config, defaults, known) for line, known in rows]
    outcomes = _ask(stage, customers, any_hour=any_hour, dry_run=dry_run, quiet=as_json or file is None)
    _report(customers, outcomes, dry_run=dry_run, as_json=as_json)
    if failed := sum(outcome["reason"].startswith(NOT_ASKED) for outcome in outcomes if outcome["reason"]):
        raise click.ClickException(
            f"{failed} of {len(customers)} could not be asked; read the log of invite, then run the same again: "
            "who was asked is not asked twice"
        )


def _customer(line: int, config: Config, defaults: dict[str, Any], known: Mapping[str, str | None]) -> Customer:
    """One customer, with addresses in one form and a language that is offered, where those can be read."""
    customer = {name: known[name] for name in ("phone", "email", "name", "ref") if known.get(name)}
    more = {name: known[name] for name in ("place", "language", "time_zone", "channel") if known.get(name)}
    if more.get("channel") not in (None, "sms", "email"):
        raise click.UsageError(f"Line {line}: the channel is sms or email, not {more['channel']!r}.")
    problem = None
    if language := more.get("language"):
        more["language"] = tags.one_of(config.business.languages, language) or language
        offered = config.business.languages
        if more["language"] not in offered:
            problem = f"{Held.LANGUAGE}: {language[: sheet.SHOWN]}; offered: {', '.join(offered)}"
    if _ROUNDED.fullmatch(customer.get("phone") or ""):
        problem = ROUNDED
    with suppress(ValueError):
        customer["email"] = contact.email(customer.get("email") or "")
    with suppress(ValueError):
        customer["phone"] = contact.phone(customer.get("phone") or "", config.sms.countries[0] if config.sms else None)
    request = {**defaults, **more, "customer": customer}
    try:
        InvitationRequested.model_validate(request)
    except ValidationError as error:
        problem = f"{Held.UNREADABLE}: {wrong_field(error)}"
    return Customer(line, request, problem)


def _ask(
    stage: Stage, customers: list[Customer], *, any_hour: bool, dry_run: bool, quiet: bool
) -> list[dict[str, Any]]:
    """Let the function ask, a batch at a time; one outcome per customer. Where it cannot run, nobody more is asked."""
    seen: set[str] = set()
    outcomes: list[dict[str, Any]] = []
    stopped: str | None = None
    batches = [customers[start : start + BATCH] for start in range(0, len(customers), BATCH)]
    shown: TextIO = io.StringIO() if quiet else sys.stderr
    with click.progressbar(batches, label="Asking", file=shown) as progress:
        for batch in progress:
            known = [{"reason": customer.problem or _twice(customer, seen) or stopped} for customer in batch]
            fresh = [customer for customer, outcome in zip(batch, known, strict=True) if not outcome["reason"]]
            try:
                asked = iter(_hand_over(stage, fresh, any_hour=any_hour, dry_run=dry_run))
            except _CannotRun as error:
                stopped = f"{NOT_ASKED}: {error}"
                asked = iter([{"reason": stopped}] * len(fresh))
            outcomes += [outcome if outcome["reason"] else next(asked) for outcome in known]
    return outcomes


def _twice(customer: Customer, seen: set[str]) -> str | None:
    addresses = {value.lower() for name, value in customer.request["customer"].items() if name in ("phone", "email")}
    stands = bool(addresses & seen)
    seen |= addresses
    return TWICE if stands else None


def _hand_over(stage: Stage, customers: list[Customer], *, any_hour: bool, dry_run: bool) -> list[dict[str, Any]]:
    """What became of each customer, of whom those that could not be asked are handed over again."""
    requests = {random_id(): customer.request for customer in customers}
    outcomes: dict[str, dict[str, Any]] = {}
    waiting = requests
    for tries_left in reversed(range(TRIES)):
        try:
            outcomes |= _invoke(stage, waiting, any_hour=any_hour, dry_run=dry_run) if waiting else {}
        except _CannotRun:
            if not tries_left:
                raise
            continue
        waiting = {id: requests[id] for id in waiting if (outcomes[id]["reason"] or "").startswith(NOT_ASKED)}
    return [outcomes[id] for id in requests]


def _invoke(
    stage: Stage, requests: dict[str, dict[str, Any]], *, any_hour: bool, dry_run: bool
) -> dict[str, dict[str, Any]]:
    """What the function says of each request, by its id; raises `_CannotRun` where it says nothing."""
    payload = {"ids": list(requests), "requests": list(requests.values()), "any_hour": any_hour, "dry_run": dry_run}
    function = stage.outputs["InviteFunction"]
    try:
        answer = stage.client("lambda").invoke(FunctionName=function, Payload=json.dumps(payload))
        content = json.load(answer["Payload"])
    except (BotoCoreError, ClientError) as error:
        raise _CannotRun(str(error)) from error
    if "FunctionError" in answer:
        raise _CannotRun(content.get("errorType", "no reason given"))
    return dict(zip(requests, content["outcomes"], strict=True))


def _report(customers: list[Customer], outcomes: list[dict[str, Any]], *, dry_run: bool, as_json: bool) -> None:
    both = list(zip(customers, outcomes, strict=True))
    asked = [outcome for _, outcome in both if not outcome["reason"]]
    left_out = [
        {"line": customer.line or None, "to": customer.name, "reason": outcome["reason"]}
        for customer, outcome in both
        if outcome["reason"]
    ]
    segments = sum(outcome["segments"] or 0 for outcome in asked)
    priced = [outcome["price"] for outcome in asked if outcome["price"] is not None]
    if as_json:
        told = {"dry_run": dry_run, "asked": asked, "left_out": left_out}
        click.echo(
            json.dumps(told | {"segments": segments, "price": round(sum(priced), 4)}, ensure_ascii=False, indent=2)
        )
        return
    by = Counter(outcome["channel"] for outcome in asked)
    click.echo(f"{len(asked)} {'would be asked' if dry_run else 'asked'}: {by['sms']} by text, {by['email']} by mail")
    if by["sms"]:
        price = f", about ${sum(priced):.2f}" if priced else "; sms.price has no price for them"
        click.echo(f"  {segments} segment{'' if segments == 1 else 's'}{price}")
    for outcome in asked[:1]:
        click.echo("".join(f"  | {line}\n" for line in outcome["text"].strip().splitlines()), nl=False)
    if len(asked) == 1 and not dry_run:
        click.echo(f"  `earshot show {asked[0]['id']}` says what becomes of it")
    if left_out:
        click.echo(f"{len(left_out)} left out:")
    for each in left_out:
        where = f"line {each['line']}: " if each["line"] else ""
        why = _WHY.get(each["reason"].partition(":")[0], each["reason"])
        click.echo(f"  {where}{each['to']} {why} ({each['reason']})")

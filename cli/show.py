"""`earshot show`: one feedback and what became of every delivery of it, or one invitation and what became of that."""

import json
from collections.abc import Iterator

import click

from cli.cases import as_case
from cli.stage import Stage, with_stage
from cli.tail import Change, as_text
from shared.cases.remedies import in_words
from shared.customers.invitations import Invitations
from shared.customers.messages import Messages
from shared.deliveries.delivery import Delivery
from shared.ids import answer_id
from shared.mail.received import MAIL_FOLDER, Mails
from shared.model.case import Found
from shared.model.life import Transition


@click.command()
@click.argument("id")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_stage
def show(stage: Stage, id: str, as_json: bool) -> None:
    """Show the feedback ID with its case and its deliveries, or the invitation ID and what became of it."""
    revision = stage.store.get(id)
    if revision is None:
        _show_invitation(stage, id, as_json)
        return
    table = stage.outputs["Table"]
    deliveries = stage.deliveries.of_feedback(id)
    mails = Mails(stage.dynamodb, table).of_feedback(id)
    thanks = Messages(stage.dynamodb, table).progress(answer_id("thanks", id))
    case = stage.cases.get(id)
    if as_json:
        told = {
            "revision": revision.number,
            "case": as_case(case) if case else None,
            "mails": [mail.model_dump(mode="json") for mail in mails],
            "thanks": thanks,
            "feedback": revision.feedback.model_dump(mode="json"),
            "deliveries": [
                delivery.model_dump(mode="json", exclude={"message", "version", "shown"}) for delivery in deliveries
            ],
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    first = revision.number == 1
    click.echo(
        as_text(Change(Transition.CAPTURED if first else Transition.AMENDED, None if first else revision, revision))
    )
    for line in _story(case) if case else ():
        click.echo(f"    {line}")
    for mail in mails:
        files = f", with {', '.join(mail.attachments)}" if mail.attachments else ""
        click.echo(f"    mail from {mail.sender}{files}: s3://{stage.outputs['MailBucket']}/{MAIL_FOLDER}{mail.id}")
    for what, said in thanks.items():
        click.echo(f"    thanks, {what.replace('_', ' ')}: {said}")
    click.echo("\n".join(line for delivery in deliveries for line in _told(delivery)) or "    not delivered to anyone")


def _story(found: Found) -> Iterator[str]:
    """How a case stands, and what came to it."""
    case = found.case
    due = f", due {case.due_at:%d %b %H:%M:%S} UTC" if case.due_at else ""
    yield f"{case.state}: {case.owner or 'nobody'} of {found.feedback.team}{due}"
    for entry in found.timeline:
        amount = f" {in_words(entry.amount, entry.currency)}" if entry.amount is not None else ""
        about = "".join(f" {each}" for each in (entry.remedy, entry.to and f"to {entry.to}") if each)
        text = f": {' '.join(entry.text.split())}" if entry.text else ""
        yield f"{entry.at:%d %b %H:%M:%S} UTC {entry.who}: {entry.what}{about}{amount}{text}"


def _show_invitation(stage: Stage, id: str, as_json: bool) -> None:
    table = stage.outputs["Table"]
    asked = Invitations(stage.dynamodb, table).get(id)
    if asked is None:
        raise click.ClickException(
            f"no feedback or invitation {id!r}; `earshot tail` and `earshot invite` print ids as they arrive"
        )
    messages = Messages(stage.dynamodb, table)
    message, way = messages.get(id), messages.progress(id)
    invitation = asked.invitation
    if as_json:
        told = {
            "revision": asked.number,
            "invitation": invitation.model_dump(mode="json"),
            "message": {"to": message.to, "text": message.text, **way} if message else None,
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    why = f" ({invitation.reason})" if invitation.reason else ""
    whom = message.to if message else invitation.customer.phone or invitation.customer.email or "nobody"
    click.echo(f"{invitation.touchpoint} · {whom} · {invitation.status}{why}, {asked.changed_at:%d %b %H:%M:%S} UTC")
    for what, said in way.items():
        click.echo(f"    {what.replace('_', ' ')}: {said}")
    for line in message.text.strip().splitlines() if message else ():
        click.echo(f"    | {line}")


def _told(delivery: Delivery) -> Iterator[str]:
    what = delivery.subject.partition("@")
    replay = f", replay {what[2]}" if what[2] else ""
    yield f"    {delivery.route} → {delivery.to}{replay}: {delivery.state} at {delivery.changed_at:%d %b %H:%M:%S} UTC"
    if delivery.attempts > 1 or delivery.error:
        yield f"        {delivery.attempts} attempt{'' if delivery.attempts == 1 else 's'}. {delivery.error or ''}"
    if delivery.wake_at is not None:
        yield f"        looked at again at {delivery.wake_at:%d %b %H:%M:%S} UTC"

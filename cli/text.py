"""`earshot text`: play a customer who texts the business. Local stage only."""

import json
import re
import uuid

import click

from cli.stage import LOCAL_FILE, Stage, with_stage


@click.command()
@click.argument("words")
@click.option("--from", "sender", required=True, help="The customer's number, like +447400123456.")
@click.option("--id", "message_id", help="The provider's id of the text: the same again is the same text.")
@with_stage
def text(stage: Stage, words: str, sender: str, message_id: str | None) -> None:
    """Text WORDS to the business, as AWS End User Messaging would bring them."""
    if not stage.is_local:
        raise click.ClickException("customers text the deployed stage themselves; start the local one with `make run`")
    sms = stage.config.sms
    if sms is None:
        raise click.ClickException("earshot.toml has no [sms], so there is no number to text")
    if not re.fullmatch(r"\+[1-9][0-9]{5,14}", sender):
        raise click.UsageError(f"--from takes a number as carriers write it, like +447400123456, not {sender!r}.")
    message = {
        "originationNumber": sender,
        "destinationNumber": sms.number,
        "messageKeyword": f"KEYWORD_{sms.number.removeprefix('+')}",
        "messageBody": words,
        "inboundMessageId": message_id or str(uuid.uuid4()),
        "previousPublishedMessageId": "",
    }
    stage.client("sns").publish(TopicArn=stage.outputs["SmsTopic"], Message=json.dumps(message))
    outbox = json.loads(LOCAL_FILE.read_text()).get("outbox_url", "the outbox")
    click.echo(f"{sender} texted {sms.number}; what is texted back, and the team's card, appear in {outbox}")

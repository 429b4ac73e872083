from datetime import datetime

from functions.capture_email.mailroom import Mailroom
from shared.config.model import Config
from shared.customers.messages import Messages
from shared.feedback.store import Store
from shared.ids import answer_id
from shared.keys.signing import Keys
from tests.cli.conftest import Earshot
from tests.kit.samples import load_bytes


def test_a_feedback_by_mail_shows_where_the_mail_is_kept_and_that_it_was_thanked(
    earshot: Earshot, stage: str, store: Store, keys: Keys, config: Config, now: datetime
) -> None:
    record = Mailroom(store, keys, config).take("m1", load_bytes("samples/mail/fresh_mail.eml"), now)
    id = record.feedback_id or ""
    Messages(store.client, store.table).failed(answer_id("thanks", id), "bounced-permanent")
    shown = earshot("show", id).out.splitlines()
    assert "    mail from omar.aziz@gmail.com, with trolley.jpg: s3://mails/mail/m1" in shown
    assert "    thanks, failure: bounced-permanent" in shown
    assert '"mails": [' in earshot("show", id, "--json").out

"""What people type and paste into the page, and what programs post: the words and the address that are kept."""

import json
import re
import unicodedata
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.addresses import contact
from shared.text.unseen import seen
from tests.functions.capture_web.test_body import FORM, JSON, outcome, read, refusal
from tests.kit.samples import load_rows
from tests.kit.web_customer import Customer

FORMS = "samples/edges/forms.jsonl"


def compared(text: str, *, exact: bool = False) -> str:
    """The words with blanks alike, and without what cannot be seen unless that is what the row is about."""
    lines = [re.sub(r"[^\S\n]+", " ", line).strip() for line in (text if exact else seen(text)).split("\n")]
    return unicodedata.normalize("NFC", "\n".join(lines).strip())


@pytest.mark.parametrize("content_type", [FORM, JSON])
@pytest.mark.parametrize("row", load_rows(FORMS, "comment"))
def test_words_are_kept_as_they_were_pasted(row: dict[str, Any], content_type: str) -> None:
    fields = {"rating": row["rating"], "comment": row["comment"]}
    content = urlencode(fields, errors="surrogatepass") if content_type == FORM else json.dumps(fields)
    if row.get("refused"):
        assert refusal(content, content_type).field == "comment"
        return
    said = read(content, content_type)
    assert said.rating == row["rating"]
    assert compared(said.comment or "", exact=row.get("exact", False)) == compared(
        row["shown"], exact=row.get("exact", False)
    )


@pytest.mark.parametrize("row", load_rows(FORMS, "body"))
def test_a_body_that_is_a_little_wrong_loses_no_more_than_that(row: dict[str, Any]) -> None:
    found = outcome(row["body"], row["content_type"])
    if isinstance(found, Exception):
        assert row["status"][-1] == 400
        return
    assert row["status"][0] == 200
    assert found.rating == row["rating"]
    if row["shown"] is not None:
        assert compared(found.comment or "") == compared(row["shown"])


@pytest.mark.parametrize("row", load_rows(FORMS, "contact") + load_rows("samples/edges/contacts.jsonl", "contact"))
def test_an_address_is_read_as_people_type_and_paste_it(row: dict[str, Any], customer: Customer) -> None:
    if "form" not in row.get("routes", ["form"]):
        pytest.skip("nobody types this into a page")
    reply = customer.submits({"rating": "2", "contact": row["typed"], "submission": "8c1f0e5ab3d94762"})
    assert reply.status == (422 if row["refused"] else 200), reply.text
    if row["refused"]:
        return
    [kept] = [item for item in customer.all_stored() if "rating" in item]
    email, phone = (kept.get(f"customer_{way}", {}).get("S") for way in ("email", "phone"))
    if row.get("empty"):
        assert (email, phone) == (None, None)
    elif "email" in row:
        assert email
        assert email.lower() == contact.email(row["email"]).lower()
    else:
        assert phone == row.get("e164", row.get("phone"))
        assert phone not in row.get("never", ())


@given(st.text(min_size=1, max_size=50), st.sampled_from("\u200b\u00ad\u200f\u2066\ufeff"))
def test_what_cannot_be_seen_around_an_address_changes_nothing(text: str, unseen: str) -> None:
    for reader in (contact.email, lambda typed: contact.phone(typed, "GB")):
        results = []
        for typed in (text, f"{unseen}{text}{unseen}"):
            try:
                results.append(reader(typed))
            except ValueError:
                results.append("")
        assert results[0] == results[1]

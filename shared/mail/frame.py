"""The frame of every mail. What stands in it are letters (shared/mail/letters.py) and teams' cards.

Every mail says that a machine sent it, and asks not to be answered by one.
"""

from collections.abc import Sequence
from html import escape
from string import Template
from typing import NamedTuple

from shared.languages.packs import direction

REPLY_TO = "Reply-To"

# Styles stand in the elements, since mail programs drop most of a style sheet; what they keep turns the mail dark.
# There are no images: it is complete where they are off.
_FRAME = Template("""\
<!DOCTYPE html>
<html lang="$language" dir="$direction">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>$subject</title>
<style>
:root { color-scheme: light dark }
@media (prefers-color-scheme: dark) {
  .page { background: #16181a !important }
  .card { background: #212427 !important; border-color: #3a3f44 !important }
  .words, .value { color: #f2f3f4 !important }
  .quote { border-color: #6fc39a !important }
  .quiet, .quiet a { color: #b4bac0 !important }
  .choice { background: #2c3034 !important; border-color: #8a9199 !important; color: #f2f3f4 !important }
}
</style>
</head>
<body class="page" style="margin:0;padding:24px 12px;background:#f4f5f6">
<div class="card words" style="max-width:560px;margin:0 auto;padding:24px;background:#ffffff;color:#16181a;\
border:1px solid #dfe2e5;border-radius:12px;text-align:$start;font:17px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,\
'Noto Sans','Noto Sans Arabic',Arial,sans-serif">
$content
</div>
<div class="quiet" style="max-width:560px;margin:16px auto 0;padding:0 24px;text-align:$start;color:#5b636a;\
font:13px/1.6 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Noto Sans Arabic',Arial,sans-serif">
$footer
</div>
</body>
</html>
""")


class Mail(NamedTuple):
    """A mail, rendered. `headers` are those beyond From, To and Subject."""

    subject: str
    text: str
    html: str
    headers: dict[str, str]


def page(language: str, subject: str, content: Sequence[str], footer: str) -> str:
    """A mail's HTML: `content` and `footer` are HTML too, `subject` is text."""
    return _FRAME.substitute(
        language=language,
        direction=direction(language),
        start="right" if direction(language) == "rtl" else "left",
        subject=escape(subject),
        content="\n".join(content),
        footer=footer,
    )


def text(paragraphs: Sequence[str]) -> str:
    """A mail's plain text."""
    return "\n\n".join(paragraphs) + "\n"


def automatic(how: str) -> dict[str, str]:
    """What keeps vacation notices and other machines from answering (RFC 3834)."""
    return {"Auto-Submitted": how, "X-Auto-Response-Suppress": "All"}

"""Renders a mail from a pair of templates: HTML in the frame of every mail (`templates/frame.html`), and plain text."""

from collections.abc import Mapping
from typing import Any

from shared.languages.packs import direction
from shared.mail.sending import Mail
from shared.text.html import Templates


def render(
    templates: Templates, name: str, language: str, subject: str, headers: Mapping[str, str], **values: Any
) -> Mail:
    """The mail that the templates `<name>.html` and `<name>.txt` make of `values`; `subject` is its title too."""
    values |= {"language": language, "direction": direction(language), "subject": subject}
    text = templates.render(f"{name}.txt", **values).rstrip("\n") + "\n"
    return Mail(subject, text, templates.render(f"{name}.html", **values), dict(headers))


def automatic(how: str) -> dict[str, str]:
    """The headers that keep vacation notices and other machines from answering (RFC 3834)."""
    return {"Auto-Submitted": how, "X-Auto-Response-Suppress": "All"}

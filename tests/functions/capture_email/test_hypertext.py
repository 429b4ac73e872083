import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.capture_email.hypertext import to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<div>one<div>two</div></div>three", "one\ntwo\nthree"),
        ("a &amp; b&nbsp;c &#x1F44D;", "a & b c 👍"),
        ("<style>x</style><script>y</script><title>z</title>words", "words"),
        ("<span style='display: none'>hidden</span>words", "words"),
        ("<ul><li>milk<li>bread</ul>", "- milk\n- bread"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("  spread \n over\tlines ", "spread over lines"),
        ("<pre>kept\n  as is</pre>", "kept\n  as is"),
        ("unclosed <b>bold <i>words", "unclosed bold words"),
        ("</div></p>stray ends", "stray ends"),
        ("2 < 3 and 4 > 3", "2 < 3 and 4 > 3"),
        ("<blockquote>my own quotation</blockquote>", "my own quotation"),
        ('mine<blockquote type="cite">theirs<br>more</blockquote>', "mine\n> theirs\n> more"),
        ('mine<div class="gmail_quote">theirs</div>', "mine\n> theirs"),
        ('mine<div id="x_divRplyFwdMsg">theirs</div>', "mine\n-----Original Message-----\ntheirs"),
        ("", ""),
    ],
)
def test_html_as_its_reader_saw_it(html: str, text: str) -> None:
    assert to_text(html) == text


@pytest.mark.parametrize("piece", ["<div>", "<p", "<!--", "&", "<blockquote type=cite>", "</b>", "<td>a", "<b><i>"])
def test_markup_without_end_is_read_in_a_moment(piece: str) -> None:
    started = time.process_time()
    to_text(piece * (100_000 // len(piece)))
    assert time.process_time() - started < 2


@given(
    st.lists(st.sampled_from(["<div>", "</div>", "<br>", "<pre>", "</pre>", "<style>", "<![", "<a b='", "x\n", "&#0;"]))
)
def test_no_markup_breaks_the_reader(pieces: list[str]) -> None:
    to_text("".join(pieces))

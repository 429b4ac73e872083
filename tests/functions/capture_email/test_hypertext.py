import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.capture_email.hypertext import to_lines
from functions.capture_email.line import Mark


def to_text(html: str) -> str:
    return "\n".join(line.text for line in to_lines(html)).strip()


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
        ('mine<blockquote class="gmail_quote">theirs</blockquote>', "mine\n> theirs"),
        ('see<div class="gmail_quote"><div>Forwarded</div>whole</div>', "see\nForwarded\nwhole"),
        ("<div style='white-space: pre-wrap'>kept\n\n  as is</div>", "kept\n\n  as is"),
        ("<div style='white-space: pre-line'>one   line\ntwo</div>", "one line\ntwo"),
        ('<a title="a > b" href="x">words</a>', "words"),
        ("<a title='it's > x'>words", "x'>words"),
        ('<p>words <img src="http://x.example/aaa', "words"),
        ("2 <b and no more", "2 <b and no more"),
        ('<img alt="😡"> <img data-emoji="👍" alt=""><img alt="❤️">', "😡 👍❤️"),
        ('<img alt="Logo of Fernleaf"><img src="x"><img alt="1">words', "words"),
        ("&gt; 30 degrees", "> 30 degrees"),
        ("", ""),
    ],
)
def test_html_as_its_reader_saw_it(html: str, text: str) -> None:
    assert to_text(html) == text


@pytest.mark.parametrize(
    ("html", "marks"),
    [
        ('mine<div id="x_divRplyFwdMsg">theirs</div>more', [None, Mark.ORIGINAL, None]),
        ('mine<div class="gmail_attr">On Monday</div>', [None, Mark.INTRODUCTION]),
        ('mine<div class="moz-signature">Ana<br>Leeds</div>', [None, Mark.SIGNATURE, Mark.SIGNATURE]),
        ('mine<div data-signature-widget="container"><div>Ana</div></div>', [None, Mark.SIGNATURE]),
    ],
)
def test_what_programs_add_is_known_by_their_marks(html: str, marks: list[Mark | None]) -> None:
    assert [line.mark for line in to_lines(html)] == marks


def test_a_line_tells_how_often_it_is_quoted_and_by_whom() -> None:
    html = "a<blockquote>b</blockquote><blockquote type=cite>c<blockquote>d</blockquote></blockquote><p>&gt;&gt; e"
    read = [(line.bare, line.level, line.is_cited) for line in to_lines(html) if line.bare]
    assert read == [("a", 0, False), ("b", 1, False), ("c", 1, True), ("d", 2, True), ("e", 2, False)]


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

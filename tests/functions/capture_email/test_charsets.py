import codecs
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.capture_email.charsets import codec_of, decode

JAPANESE = "配送が遅れました。"
NUMBERED = "①番の箱が濡れ、№３は㈱田中宛でした。"
NEC_ROW_13 = b'\x1b$B-!HV$NH"$,G($l!"-b#3$O-jEDCf08$G$7$?!#\x1b(B'
LATIN = "He said “late again” – it’s €5 more… Grüße"


@pytest.mark.parametrize(
    ("what", "label", "data", "text"),
    [
        ("no label, ISO-2022-JP", "", JAPANESE.encode("iso-2022-jp"), JAPANESE),
        ("labelled ASCII by a gateway", "us-ascii", JAPANESE.encode("iso-2022-jp"), JAPANESE),
        ("the escape of 1978", "iso-2022-jp", b"\x1b$@CY$$\x1b(J ok", "遅い ok"),
        ("the closing escape lost", "iso-2022-jp", b"\x1b$BCY$$\r\nok", "遅い\nok"),
        ("half-width kana, as Outlook sends them", "iso-2022-jp", b"\x1b(I60D^\x1b(B", "ｶｰﾄﾞ"),
        ("half-width kana of eight bits", "iso-2022-jp", b"\xd0\xd9\xb8\x1b$B$,\x1b(B", "ﾐﾙｸが"),
        ("NEC's row 13 in ISO-2022-JP", "iso-2022-jp", NEC_ROW_13, NUMBERED),
        ("the same without a label", "", NEC_ROW_13, NUMBERED),
        ("NEC's IBM kanji in ISO-2022-JP", "CP50221", b"\x1b$B|b\x1b(B", "髙"),
        ("ISO-2022-KR", "iso-2022-kr", "배송이 늦었어요".encode("iso-2022-kr"), "배송이 늦었어요"),
        ("ISO-2022-KR without a label", "", "배송이 늦었어요".encode("iso-2022-kr"), "배송이 늦었어요"),
        ("ISO-2022-CN", "iso-2022-cn", b"\x1b$)A\x0eKM;uL+B}\x0f", "送货太慢"),
        ("HZ", "HZ-GB-2312", "送货太慢".encode("hz"), "送货太慢"),
        ("cp932", "shift_jis", NUMBERED.encode("cp932"), NUMBERED),
        ("IBM's kanji as Windows writes them", "Shift_JIS", b"\xfb\xfc\x8b\xb4", "髙橋"),
        ("row 13 in EUC", "euc-jp", b"\xad\xa1\xc8\xd6", "①番"),
        ("cp949", "euc-kr", "배송 똠방각하".encode("cp949"), "배송 똠방각하"),
        ("cp950", "big5", "碁石和恒溫盒裏面都濕了。€".encode("cp950"), "碁石和恒溫盒裏面都濕了。€"),
        ("Hong Kong's letters", "big5", "啲嘢好遲先到，冇人理。".encode("big5hkscs"), "啲嘢好遲先到，冇人理。"),
        ("four bytes of GB 18030", "gb2312", "😡送货太慢㐂".encode("gb18030"), "😡送货太慢㐂"),
        ("cp936's euro", "gb2312", b"\xd4\xcb\xb7\xd1\x80\xce\xe5", "运费€五"),
        ("Windows' quotes as ASCII", "us-ascii", LATIN.encode("cp1252"), LATIN),
        ("Windows' quotes as ISO Latin 1", "ISO8859-1", LATIN.encode("cp1252"), LATIN),
        ("Windows' quotes as ISO Latin 9", "ISO-8859-15", b"\x93trop tard\x94", "“trop tard”"),
        ("Windows' quotes in Hebrew", "iso-8859-8-i", "איחור “גדול” –".encode("cp1255"), "איחור “גדול” –"),
        ("Windows' quotes in Thai", "TIS-620", "ส่งช้า “เปียก”".encode("cp874"), "ส่งช้า “เปียก”"),
        ("Turkish", "iso-8859-9", "“şişe” İade".encode("cp1254"), "“şişe” İade"),
        ("no label, UTF-8", "", "spät – 😡".encode(), "spät – 😡"),
        ("no label, Windows' Latin", "", LATIN.encode("cp1252"), LATIN),
        ("a label that nobody knows", "x-klingon", LATIN.encode("cp1252"), LATIN),
        ("a byte order mark", "utf-8", codecs.BOM_UTF8 + b"5", "5"),
        ("a byte order mark against the label", "iso-8859-1", codecs.BOM_UTF8 + "spät".encode(), "spät"),
        ("UTF-16 by its mark alone", "", codecs.BOM_UTF16_LE + "送货".encode("utf-16-le"), "送货"),
        ("a mark though the label says the order", "utf-16be", codecs.BOM_UTF16_BE + "ä".encode("utf-16-be"), "ä"),
        ("UTF-16 without a mark", "utf-16", "The milk".encode("utf-16-le"), "The milk"),
        ("Outlook's unicode that is UTF-8", "unicode", "spät".encode(), "spät"),
        ("terminal colours are no escapes", "", b"\x1b[31mThe milk\x1b[0m", "\x1b[31mThe milk\x1b[0m"),
        ("what looks like ISO-2022-JP without its escapes", "", b"Price $B5 (B)", "Price $B5 (B)"),
    ],
)
def test_a_label_means_what_programs_send_under_it(what: str, label: str, data: bytes, text: str) -> None:
    assert decode(data, label) == text


@pytest.mark.parametrize(
    ("what", "label", "data", "text"),
    [
        ("a byte of Latin in UTF-8", "utf-8", "spät. ".encode() + b"\xfc" + " Grüße".encode(), "spät. � Grüße"),
        ("the same without a label", "", "spät. ".encode() + b"\xfc" + " Grüße".encode(), "spät. � Grüße"),
        ("an emoji cut off", "utf-8", "Late 😡".encode()[:-1], "Late �"),
        ("the same without a label", "", "Late 😡".encode()[:-1], "Late �"),
        ("cp932, inside", "shift_jis", b"\x92x\xff\x82\xea", "遅�れ"),
        ("cp932, cut off", "shift_jis", "遅れ".encode("cp932")[:-1], "遅�"),
        ("EUC, cut off", "euc-jp", "遅れ".encode("euc-jp")[:-1], "遅�"),
        ("ISO-2022-JP, cut off", "iso-2022-jp", "遅れ".encode("iso-2022-jp")[:-4], "遅�"),
        ("GB 18030, inside", "gbk", "送货".encode("gbk") + b"\xff" + "太慢".encode("gbk"), "送货�太慢"),
        ("GB 18030, cut off", "gb2312", "太慢".encode("gbk")[:-1], "太�"),
        ("Big5, inside", "big5", "送貨".encode("big5") + b"\xff" + "太慢".encode("big5"), "送貨�太慢"),
        ("cp949, cut off", "euc-kr", "어요".encode("cp949")[:-1], "어�"),
        ("UTF-16, cut off", "utf-16le", "ätx".encode("utf-16-le")[:-1], "ät�"),
        ("a hole in a code page", "windows-1253", "Αργά ".encode("cp1253") + b"\xd2", "Αργά �"),
        ("a line behind a letter cut off", "big5", "太".encode("big5")[:1] + b"\nok", "�\nok"),
    ],
)
def test_one_bad_byte_costs_one_character(what: str, label: str, data: bytes, text: str) -> None:
    assert decode(data, label) == text


@pytest.mark.parametrize(
    ("codec", "labels"),
    {
        "utf-8": "utf8 UTF_8 utf8mb4 utf-8; 'utf-8' x-utf-8 unicode-1-1-utf-8 UTF-8Y utf-8,",
        "cp1252": "iso-8859-1 ISO8859-1 latin1 iso_8859-1 ISO-8859-1-Windows-3.1-Latin-1 cp-1252 Windows1252 ansi"
        " 8859_1 windows-1252http-equivContent-Type",
        "cp932": "shift_jis Shift-JIS x-sjis ms_kanji windows-31j csWindows31J MS932 windows-932",
        "euc-jp": "x-euc-jp eucJP x-euc CP51932",
        "cp949": "euc-kr ks_c_5601-1987 KSC5601 korean windows-949 UHC x-windows-949 ks_c_5601",
        "cp950": "big5 CN-Big5 x-x-big5 csBig5 MS950 Big5-HKSCS",
        "gb18030": "gb2312 GB_2312-80 x-gbk cp936 windows-936 MS936 chinese EUC-CN csGB2312 cn-gb x-cp20936",
        "cp874": "windows-874 TIS-620 iso-8859-11 dos-874 x-windows-874",
        "cp850": "cp-850 ibm850 IBM-850",
        "cp1251": "windows-1251 cp-1251 win-1251 x-cp1251",
        "cp866": "cp-866 ibm866",
        "koi8-r": "KOI8R koi8-r",
        "koi8-u": "KOI8-RU koi8-u",
        "mac-roman": "macintosh x-mac-roman",
        "mac-cyrillic": "x-mac-cyrillic",
        "iso8859-8": "iso-8859-8-i logical",
        "iso8859-6": "asmo-708 iso-8859-6-i arabic",
        "": "ascii us-ascii unknown-8bit x-unknown default %CHARSET% zlib rot13 hex punycode idna unicode_escape mbcs",
    }.items(),
)
def test_labels_are_read_as_they_are_spelt(codec: str, labels: str) -> None:
    assert {label: codec_of(label) for label in labels.split()} == dict.fromkeys(labels.split(), codec)


@pytest.mark.parametrize(
    "meta",
    [
        '<meta charset="Shift_JIS">',
        "<META HTTP-EQUIV='Content-Type' CONTENT='text/html; charset=shift_jis'>",
        "<meta content=text/html;charset=x-sjis http-equiv=Content-Type>",
        '<!-- <meta charset="utf-8"> --><meta charset=windows-31j>',
    ],
)
def test_html_without_a_label_says_itself_what_it_is(meta: str) -> None:
    page = f"<head>{meta}</head>{JAPANESE}".encode("cp932")
    assert decode(page, "", html=True).endswith(JAPANESE)
    assert not decode(page, "").endswith(JAPANESE)  # in plain text it is words


def test_a_label_leads_before_what_html_says_of_itself() -> None:
    assert decode('<meta charset="iso-8859-1">spät'.encode(), "utf-8", html=True).endswith("spät")


@given(
    st.binary(max_size=200),
    st.sampled_from(["", "utf-8", "iso-2022-jp", "big5", "gbk", "euc-jp", "utf-16", "hz", "utf-7"]),
)
def test_no_bytes_break_a_charset(data: bytes, label: str) -> None:
    decode(data, label, html=True).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize(
    "piece", [b"\x1b$B", b"\xad\xa1", b"\x88\x62", b"\x80", b"\xff", b"<meta ", b"\x1b$B-!\n", b"<!--"]
)
@pytest.mark.parametrize("label", ["", "iso-2022-jp", "euc-jp", "big5", "gbk"])
def test_half_a_megabyte_of_anything_is_read_in_no_time(piece: bytes, label: str) -> None:
    started = time.process_time()
    decode(piece * (512_000 // len(piece)), label, html=True)
    assert time.process_time() - started < 5

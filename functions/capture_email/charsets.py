"""Bytes as text: the charset that a label means to the programs that write it, with one bad byte costing one character.

Programs label less than they send: `shift_jis` is Microsoft's cp932, `iso-8859-1` is cp1252, `gb2312` is GB 18030
(https://encoding.spec.whatwg.org). Python's codecs of these names are the strict ones, it lacks some names that are
common in mail, and its ISO-2022 decoders know none of the letters that Outlook sends.
"""

import codecs
import re
from collections.abc import Callable
from functools import lru_cache

_GUESSED = ""  # no label, or one that says nothing
_JIS = "iso-2022"
_META = re.compile(rb"<!--.*?(?:-->|\Z)|<meta\b[^>]{0,500}?\bcharset\s*=\s*[\"']?\s*([\w.:+-]{1,40})", re.I | re.DOTALL)
_META_WITHIN = 4_000  # bytes
_MOST_UNREAD = 20_000  # letters
_UNLABELLED = 4_000  # bytes by which UTF-16 without a mark is known
_MARKS = (  # the longer ones first
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# --- Labels -----------------------------------------------------------------------------------------------------------

_PAGE = re.compile(r"x?(?:windows|win|cp|ms|ibm|dos|pc|oem|codepage)(\d{3,5})")
_ISO = re.compile(r"(?:x?iso)?8859(1[0-6]|[1-9])(?!\d)")
_PAGES = {  # code pages that are no codec of Python's under that number
    "874": "cp874",
    "932": "cp932",
    "936": "gb18030",
    "943": "cp932",
    "949": "cp949",
    "950": "cp950",
    "951": "cp950",
    "1361": "johab",
    "10000": "mac-roman",
    "20127": _GUESSED,
    "20866": "koi8-r",
    "20932": "euc-jp",
    "20936": "gb18030",
    "21866": "koi8-u",
    "38598": "iso8859-8",
    "50220": _JIS,
    "50221": _JIS,
    "50222": _JIS,
    "50225": _JIS,
    "51932": "euc-jp",
    "51936": "gb18030",
    "51949": "cp949",
    "52936": "hz",
    "54936": "gb18030",
    "65000": "utf-7",
    "65001": "utf-8",
}
_SUPERSETS = {"1": "cp1252", "9": "cp1254", "11": "cp874"}  # of the parts of ISO 8859
_FAMILIES = (  # what a label, without its punctuation, holds; the first that fits
    ("utf8", "utf-8"),
    ("utf7", "utf-7"),
    ("utf16le", "utf-16-le"),
    ("utf16be", "utf-16-be"),
    ("utf16", "utf-16"),
    ("ucs2", "utf-16"),
    ("utf32", "utf-32"),
    ("iso2022", _JIS),
    ("windows31j", "cp932"),
    ("shiftjis", "cp932"),
    ("sjis", "cp932"),
    ("mskanji", "cp932"),
    ("eucjp", "euc-jp"),
    ("eucpkdfmtjapanese", "euc-jp"),
    ("ujis", "euc-jp"),
    ("big5", "cp950"),
    ("hzgb", "hz"),
    ("euckr", "cp949"),
    ("ksc56", "cp949"),
    ("ksx1001", "cp949"),
    ("uhc", "cp949"),
    ("gbk", "gb18030"),
    ("gb2312", "gb18030"),
    ("gb18030", "gb18030"),
    ("euccn", "gb18030"),
    ("tis620", "cp874"),
    ("koi8r", "koi8-r"),  # and koi8-ru, which is put right below
    ("koi8u", "koi8-u"),
    ("multilingual850euro", "cp858"),
    ("maccyrillic", "mac-cyrillic"),
    ("macukrainian", "mac-cyrillic"),
    ("macturkish", "mac-turkish"),
    ("macgreek", "mac-greek"),
    ("maciceland", "mac-iceland"),
    ("macce", "mac-latin2"),
    ("maccentraleur", "mac-latin2"),
    ("macroman", "mac-roman"),
    ("macintosh", "mac-roman"),
)
_NAMES = {
    "ascii": _GUESSED,
    "usascii": _GUESSED,
    "ansix341968": _GUESSED,
    "ansix31101983": "cp1252",
    "ansi": "cp1252",
    "xansi": "cp1252",
    "latin1": "cp1252",
    "l1": "cp1252",
    "latin5": "cp1254",
    "l5": "cp1254",
    "chinese": "gb18030",
    "cngb": "gb18030",
    "isoir58": "gb18030",
    "korean": "cp949",
    "jis": _JIS,
    "xeuc": "euc-jp",
    "hz": "hz",
    "logical": "iso8859-8",
    "visual": "iso8859-8",
    "koi8ru": "koi8-u",
    "koi": "koi8-r",
    "koi8": "koi8-r",
    "unicode": "unicode",
    "unicodefffe": "utf-16-be",
    "iso10646ucs4": "utf-32",
}
_NOT_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})


@lru_cache(maxsize=256)
def codec_of(label: str) -> str:
    """Python's codec, or one of those below, for what a label means; nothing where it says nothing."""
    name = re.split(r"[\s;,\"'()\\]", label.strip(" \t\r\n\"'\\")[:80], maxsplit=1)[0].lower()
    key = re.sub(r"[^a-z0-9]", "", name)
    if key in _NAMES:
        return _NAMES[key]
    if page := _PAGE.match(key):
        return _PAGES.get(page[1]) or _known(f"cp{page[1]}") or _known(f"cp{page[1][:4]}")
    if part := _ISO.match(key):
        return _SUPERSETS.get(part[1], f"iso8859-{part[1]}")
    return next((codec for piece, codec in _FAMILIES if piece in key), None) or _known(name)


def _known(name: str) -> str:
    try:
        codec = codecs.lookup(name).name if name.isascii() else ""
        b"a".decode(codec or "ascii")
    except (LookupError, ValueError):  # such as zlib, or a NUL in the name
        return _GUESSED
    return "" if codec.replace("-", "_") in _NOT_CHARSETS else codec


# --- Decoding ---------------------------------------------------------------------------------------------------------


def decode(data: bytes, label: str, *, html: bool = False) -> str:
    """The text, whatever the bytes are: by their own mark, by the label, by what only ISO-2022 has, by HTML's `meta`,
    or as UTF-8 or else Windows' Latin. Control characters are still in it.
    """
    if not label and not html and data.isascii() and b"\x1b" not in data and b"\0" not in data:
        return data.decode("ascii")
    for mark, codec in _MARKS:
        if data.startswith(mark) and (mark != codecs.BOM_UTF32_LE or len(data) % 4 == 0):
            return _decode(data[len(mark) :], codec)
    codec = codec_of(label)
    if codec in (_GUESSED, "utf-8", "cp1252") and data.isascii() and _designates(data):
        codec = _JIS
    if not codec and html:
        codec = _meta(data)
    return _decode(data, codec) if codec else _guessed(data)


def _decode(data: bytes, codec: str) -> str:
    if codec in ("utf-16", "unicode"):
        return _utf16(data, sure=codec == "utf-16")
    special = _SPECIAL.get(codec)
    if special:
        return special(data)
    text = data.decode(codec, "replace")
    return text.translate(_C1) if codec.startswith("iso8859") else text


def _guessed(data: bytes) -> str:
    if data.count(0, 0, _UNLABELLED) * 5 > min(len(data), _UNLABELLED):
        return _utf16(data, sure=True)
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    if bad and sum(char > "\x7f" for char in text) < 2 * bad and not _only_cut(data):
        return data.decode("cp1252", "replace")
    return text


def _only_cut(data: bytes) -> bool:
    """Whether all is UTF-8 but the beginning of a letter at the very end, of two bytes or more: one may be an é."""
    if not 0x80 <= data[-1] < 0xC0:
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except ValueError:
        return False
    return True


def _utf16(data: bytes, *, sure: bool) -> str:
    """UTF-16 without a mark: Windows' order, unless the zeros of its Latin letters say the other."""
    even, odd = data[:_UNLABELLED:2].count(0), data[1:_UNLABELLED:2].count(0)
    if not sure and not even and not odd:
        return _guessed(data)
    return data.decode("utf-16-be" if even > odd else "utf-16-le", "replace")


def _meta(data: bytes) -> str:
    """What HTML says of itself, outside comments."""
    labels = (match[1] for match in _META.finditer(data[:_META_WITHIN]) if match[1])
    codec = codec_of(next(labels, b"").decode("ascii", "replace"))
    return "utf-8" if codec.startswith(("utf-16", "utf-32")) else codec  # it could not have been read


_C1 = {code: bytes([code]).decode("cp1252", "replace") for code in range(0x80, 0xA0)}
"""ISO 8859 has no letters there: what programs send are Windows' quotes and dashes, alike in all its code pages."""

# --- East Asia --------------------------------------------------------------------------------------------------------


def _or_else(name: str, read: Callable[[bytes], str], width: int = 2) -> str:
    """An error handler of codecs: so many bytes that a codec cannot read are read by another; a byte that neither
    reads becomes U+FFFD.
    """

    def handle(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeDecodeError):
            raise error
        unread = error.object[error.start : error.start + width]
        try:
            return read(unread), error.start + len(unread)
        except ValueError:
            return "\ufffd", error.end

    codecs.register_error(name, handle)
    return name


def _with_more(data: bytes, codec: str, errors: str) -> str:
    """Decoded, with letters that the codec has not. Of very many that it cannot read, none is looked at again."""
    text = data.decode(codec, "replace")
    return data.decode(codec, errors) if 0 < text.count("\ufffd") < _MOST_UNREAD else text


def _sjis_of_euc(pair: bytes) -> str:
    """A letter that JIS X 0208 has not, and Windows has: NEC's row 13, and IBM's kanji."""
    if len(pair) < 2 or min(pair) < 0xA1:
        raise ValueError(pair)
    row, cell = pair[0] - 0xA1, pair[1] - 0xA1
    lead = row // 2 + (0x81 if row < 62 else 0xC1)
    trail = cell + 0x9F if row % 2 else cell + 0x40 + (cell >= 63)
    return bytes((lead, trail)).decode("cp932")


_WINDOWS_EUC = _or_else("earshot.euc", _sjis_of_euc)
_HONG_KONG = _or_else("earshot.big5", lambda pair: pair.decode("big5hkscs"))
_EURO = _or_else("earshot.gb", lambda byte: byte.decode("cp1252") if byte == b"\x80" else "\ufffd", width=1)
_VENDORS_OWN = dict.fromkeys(range(0xF8F0, 0xF8F4), "\ufffd")  # bytes that cp932 has no letter for

_TO_G1 = bytes(byte | 0x80 for byte in range(256))
_TOKEN = re.compile(rb"\x1b(?:\([BJI]|\$[@AB]|\$\([@BCD]|\$\)[AC])|[\x0e\x0f]|\r?\n")
_DESIGNATES = re.compile(rb"\x1b\$(?:[@AB]|\([@BCD]|\)[AC])|\x1b\(I")
_SETS: dict[bytes, Callable[[bytes], str]] = {
    b"\x1b(I": lambda data: data.translate(_TO_G1).decode("cp932", "replace"),
    b"\x1b$A": lambda data: data.translate(_TO_G1).decode("gb18030", "replace"),
    b"\x1b$(C": lambda data: data.translate(_TO_G1).decode("cp949", "replace"),
    b"\x1b$(D": lambda data: re.sub(rb"(..)", rb"\x8f\1", data.translate(_TO_G1), flags=re.DOTALL).decode(
        "euc-jp", "replace"
    ),
    **dict.fromkeys(
        (b"\x1b$@", b"\x1b$B", b"\x1b$(@", b"\x1b$(B"),
        lambda data: _with_more(data.translate(_TO_G1), "euc-jp", _WINDOWS_EUC),
    ),
}
_SHIFTED = {b"\x1b$)A": _SETS[b"\x1b$A"], b"\x1b$)C": _SETS[b"\x1b$(C"]}


def _designates(data: bytes) -> bool:
    """Whether an escape in it begins letters of another set, as only ISO-2022 has them."""
    return b"\x1b" in data and bool(_DESIGNATES.search(data))


def _iso2022(data: bytes) -> str:
    """ISO-2022-JP in all its kinds, -KR and -CN; a line's end brings ASCII back, so that a lost escape costs a line."""
    pieces: list[str] = []
    read: Callable[[bytes], str] = _ascii_or_kana
    shifted, at = read, 0
    for token in _TOKEN.finditer(data):
        if token.start() > at:
            pieces.append(read(data[at : token.start()]))
        at, sign = token.end(), token[0]
        if sign in _SHIFTED:
            shifted = _SHIFTED[sign]
        elif sign == b"\x0e":
            read = shifted
        else:
            read = _SETS.get(sign, _ascii_or_kana)
            if sign.endswith(b"\n"):
                pieces.append("\n")
    pieces.append(read(data[at:]))
    return "".join(pieces)


def _ascii_or_kana(data: bytes) -> str:
    return data.decode("cp932", "replace")


_SPECIAL: dict[str, Callable[[bytes], str]] = {
    _JIS: _iso2022,
    "cp932": lambda data: data.decode("cp932", "replace").translate(_VENDORS_OWN),
    "cp950": lambda data: _with_more(data, "cp950", _HONG_KONG),
    "euc-jp": lambda data: _with_more(data, "euc-jp", _WINDOWS_EUC),
    "gb18030": lambda data: _with_more(data, "gb18030", _EURO),
}

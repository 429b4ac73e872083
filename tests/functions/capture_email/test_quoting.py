import time
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.capture_email.line import plain_lines
from functions.capture_email.ours import Ours
from functions.capture_email.quoting import Words, customers_words
from shared.config.load import load

OURS, BUSINESS = "feedback@fernleaf.example", "Fernleaf Market"


@cache
def ours() -> Ours:
    return Ours.of(load())


def read(text: str, *, answers_us: bool = True) -> Words:
    return customers_words(plain_lines(text), ours(), answers_us=answers_us)


def words(text: str) -> str:
    """Of an answer to a mail of ours."""
    return read(text).shown


@pytest.mark.parametrize(
    "introduction",
    [
        "On Sat, 14 Mar 2026 at 08:55, Fernleaf Market <feedback+abc@fernleaf.example> wrote:",
        "On Sat, 14 Mar 2026 at 08:55, Fernleaf Market\n<feedback+abc@fernleaf.example>\nwrote:",
        "Am Sa., 14. März 2026 um 09:55 Uhr schrieb Fernleaf Market <feedback@fernleaf.example>:",
        "Le sam. 14 mars 2026 à 09:55, Fernleaf Market <feedback@fernleaf.example> a écrit :",
        "El sáb, 14 mar 2026 a las 9:55, Fernleaf Market (<feedback@fernleaf.example>) escribió:",
        "Il giorno sab 14 mar 2026 alle ore 09:55 Fernleaf Market <feedback@fernleaf.example> ha scritto:",
        "Op za 14 mrt 2026 om 09:55 schreef Fernleaf Market <feedback@fernleaf.example>:",
        "Em sáb., 14 de mar. de 2026 às 08:55, Fernleaf Market <feedback@fernleaf.example> escreveu:",
        "сб, 14 мар. 2026 г. в 11:55, Fernleaf Market <feedback@fernleaf.example>:",
        "14 Mart 2026 Cmt 11:55 tarihinde Fernleaf Market <feedback@fernleaf.example> şunu yazdı:",
        "2026年3月14日(土) 17:55 Fernleaf Market <feedback@fernleaf.example>:",
        "2026年3月14日 17:55，Fernleaf Market <feedback@fernleaf.example> 写道：",
        "في السبت، 14 مارس 2026 في 8:55 ص تمت كتابة ما يلي بواسطة Fernleaf Market <feedback@fernleaf.example>:",
        "בתאריך שבת, 14 במרץ 2026 ב-8:55 מאת Fernleaf Market <\u202afeedback@fernleaf.example\u202c\u200f>:\u202c",
        "On Sat, 14 Mar 2026 at 08:55,\nFernleaf Market <feedback@fernleaf.example> wrote:",
        "In a message dated 3/14/2026 8:55:00 AM GMT, feedback@fernleaf.example writes:",
        "بتاريخ ١٤‏/٠٣‏/٢٠٢٦، الساعة ٨:٥٥ ص، كتب/كتبت Fernleaf Market:",
    ],
)
@pytest.mark.parametrize(
    "quotation", ["> How was paying today?\n>\n> Tap a face.", "How was paying today?\n\nTap a face."]
)
def test_a_quotation_goes_in_every_language(introduction: str, quotation: str) -> None:
    assert words(f"Too slow.\n\nTwo tills.\n\n{introduction}\n\n{quotation}\n") == "Too slow.\n\nTwo tills."


@pytest.mark.parametrize(
    "original",
    [
        "From: Fernleaf Market <feedback@fernleaf.example>\nSent: 14 March 2026 08:55\nTo: Ana\nSubject: How was it?",
        "________________________________\nFrom: Fernleaf Market <feedback@fernleaf.example>\nSent: 14 March\nTo: Ana",
        "-----Original Message-----\nFrom: Fernleaf Market\nSent: 14 March\nTo: Ana",
        "-----Ursprüngliche Nachricht-----\nVon: Fernleaf Market\nGesendet: 14. März\nAn: Ana\nBetreff: Wie war es?",
        "-------- Original message --------From: Fernleaf Market <feedback@fernleaf.example> Date: 14/03 To: Ana",
        "Gesendet: Samstag, 14. März 2026 um 09:55 Uhr\nVon: Fernleaf Market\nAn: ana@gmx.example\nBetreff: Wie?",
        "*De:* Fernleaf Market <feedback@fernleaf.example>\n*Envoyé:* samedi\n*À:* Ana\n*Objet:* Comment ?",
        "من: Fernleaf Market <feedback@fernleaf.example>\nتم الإرسال: 14 مارس\nإلى: آنا\nالموضوع: كيف كان؟",
    ],
)
def test_the_mail_answered_to_goes_as_outlook_puts_it(original: str) -> None:
    assert words(f"Too slow.\n\n{original}\n\nHow was paying today?") == "Too slow."


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nAna Silva\nHead of Things",
        "Sent from my iPhone",
        "Get Outlook for iOS",
        "Sent from Yahoo Mail on Android",
        "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone",
        "Enviado desde mi iPhone",
        "أُرسلت من الـ iPhone",
        "发自我的iPhone",
        "iPhone’umdan gönderildi",
        "Yahoo Mail: Search, Organize, Conquer",
        "Virus-free.\nwww.avast.com",
    ],
)
def test_signatures_and_footers_go(signature: str) -> None:
    assert words(f"Too slow.\n\n{signature}\n") == "Too slow."


@pytest.mark.parametrize(
    "said",
    [
        "Thanks, but the queue was far too long.\nI will not come back.",
        "Best regards to the man at the till.\nHe was kind.",
        "What was wrong:\n- the queue\n- the price\n-- and the smell",
        "Data: 3 days late\nAnd nobody called.",
        "Order: 1234\nDate: 3 May\nProblem: never came",
        "On Monday the manager wrote:\nwe will call you.\nNobody did.",
        "The sign said: sent from heaven.\nIt was not.",
        "Your app on my iPhone crashed when the parcel was sent.\nTwice.",
        "From: the till\nTo: the door\nIt took an hour.",
        "Hinweis: die Kasse ist defekt.\nSeit Tagen.",
        "I got this from your driver:\nFrom: Bob <bob@driver.example>\nSubject: later\nTo: me\nI am not coming.",
        "Is this message confidential?",
        "3 - slow",
        "👎",
        "بطيء جدًا\nشكرًا: للجميع",
    ],
)
@pytest.mark.parametrize("answers_us", [True, False])
def test_in_doubt_words_are_kept(said: str, answers_us: bool) -> None:
    assert read(said, answers_us=answers_us) == Words(said, said)


@pytest.mark.parametrize(
    "line",
    [
        "Too slow at 9:30.",
        "On time, but rude",
        "Le service est lent",
        "Fernleaf Market is slow",
        "I waited from 8:00 to 9:30",
    ],
)
def test_the_line_just_above_an_introduction_is_kept(line: str) -> None:
    introduction = "On Sat, 14 Mar 2026 at 08:55, Fernleaf Market <feedback@fernleaf.example> wrote:"
    assert words(f"{line}\n{introduction}\n\n> How was it?") == line
    assert words(f"{line}\n{introduction}\n\nHow was it?") == line


def test_a_quotation_on_the_introductions_own_line_goes() -> None:
    text = (
        "Slow. On Sat, Mar 14, 2026 at 8:55 AM, Fernleaf Market<feedback@fernleaf.example> wrote:   How was it?\nTap."
    )
    assert words(text) == "Slow."


def test_answers_between_and_below_quoted_lines_are_kept() -> None:
    text = f"On 14 March at 09:55 {BUSINESS} wrote:\n> How was it?\nLate.\n> Anything else?\nThe bread was gone.\n"
    assert words(text) == "Late.\nThe bread was gone."


def test_where_nothing_is_left_nothing_was_a_quotation() -> None:
    text = f"On 14 March at 09:55 {BUSINESS} <{OURS}> wrote:\n> How was it?\n\nSent from my iPhone"
    assert read(text) == Words(text, text, has_own=False)


@pytest.mark.parametrize("text", ["", " \n\n", "\u200b\ufeff \u00a0\n\u2060\n"])
def test_a_mail_says_nothing_only_where_nothing_can_be_seen(text: str) -> None:
    assert read(text) == Words("", "", has_own=False)


@pytest.mark.parametrize("line", ["On " + "a " * 50_000, "On a wrote:\n" * 5_000, "From:\n" * 5_000, "> " * 50_000])
def test_lines_that_take_a_library_seconds_take_a_moment(line: str) -> None:
    started = time.process_time()
    words(line)
    assert time.process_time() - started < 5


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    assert words(text) == words(text).strip()


@given(st.lists(st.text(st.characters(categories=["L", "Zs"]), max_size=60), max_size=8))
def test_letters_alone_are_all_kept(lines: list[str]) -> None:
    assert words("\n".join(lines)).split() == "\n".join(lines).split()


MORE_INTRODUCTIONS = [
    "14.3.2026 klo 8.55 Fernleaf Market <feedback@fernleaf.example> kirjoitti:",
    "Den lör 14 mars 2026 kl 08:55 skrev Fernleaf Market <feedback@fernleaf.example>:",
    "lau. 14. mars 2026 kl. 08:55 skrifaði Fernleaf Market <feedback@fernleaf.example>:",
    "Fernleaf Market <feedback@fernleaf.example> ezt írta (időpont: 2026. márc. 14., Szo, 8:55):",
    "Στις Σάβ 14 Μαρ 2026 στις 8:55 π.μ., ο χρήστης Fernleaf Market <feedback@fernleaf.example> έγραψε:",
    "На сб, 14.03.2026 г. в 8:55 Fernleaf Market <feedback@fernleaf.example> написа:",
    "Vào Th 7, 14 thg 3, 2026 vào lúc 08:55 Fernleaf Market <feedback@fernleaf.example> đã viết:",
    "On Saturday, March 14, 2026 at 08:55:12 AM PDT, Fernleaf Market\n<feedback@fernleaf.example> wrote:",
    "14 Mart 2026 Cumartesi tarihinde Fernleaf Market <feedback@fernleaf.example>\nşöyle yazdı:",
    "Le sam. 14 mars 2026, 08:55,\nFernleaf Market <feedback@fernleaf.example> a\nécrit :",
    "On Mon, Mar 2, 2026 at 9:00 AM Fernleaf Market <\nmailto:feedback@fernleaf.example\n> wrote:",
    "---- On Sat, 14 Mar 2026 08:55:00 +0000 feedback@fernleaf.example wrote ----",
    "---- 在 2026年3月14日 08:55，Fernleaf Market<feedback@fernleaf.example> 写道：----",
    "‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn 14 March 2026, 8:55, Fernleaf Market <feedback@fernleaf.example> wrote:",
    "*From: *Fernleaf Market <feedback@fernleaf.example>\n*Date: *14 March 2026 at 08:55\n*To: *Ana\n*Subject: *x",
    "差出人：Fernleaf Market <feedback@fernleaf.example>\n日時：2026年3月14日 8:55\n宛先：花子\n件名：x",
    "Fra:    Fernleaf Market <feedback@fernleaf.example>\nSendt:  14. mars 2026 08:55\nTil:    Kåre\nEmne:   x",
    "From: Fernleaf Market\n <feedback@fernleaf.example>\nSent: 14 March 2026\nTo: Ana\nSubject: x",
    "------- Forwarded Message -------\nSubject: x\nDate: 14 Mar\nFrom: Fernleaf Market <feedback@fernleaf.example>",
]
OUR_QUESTION = "How was paying today?\n\nAwful: https://feedback.fernleaf.example/f/ab12?r=1"
A_TEAMS_ANSWER = "Hello Ana,\n\nsorry for that. Was it the milk?\n\nTom, Home delivery"


def marked(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


@pytest.mark.parametrize("introduction", MORE_INTRODUCTIONS)
@pytest.mark.parametrize("quotation", [OUR_QUESTION, A_TEAMS_ANSWER])
def test_what_stands_around_a_quotation_goes_whether_it_is_marked_or_known(introduction: str, quotation: str) -> None:
    for text in (quotation, marked(quotation)):
        assert words(f"The milk was open.\n\n{introduction}\n\n{text}") == "The milk was open."
        assert words(f"The milk was open.\n{introduction}\n{text}") == "The milk was open."


@pytest.mark.parametrize(
    "line",
    [
        *("Sent from my Xperia", "Sent from my Pixel 8 Pro", "Sent from ProtonMail mobile", "Sent with Shortwave"),
        *("Get Outlook for Android<https://aka.ms/AAb9ysg>", "Sent from my BlackBerry — the most secure mobile device"),
        *("Von meinem Fairphone gesendet", "Gesendet mit der GMX Mail App", "Envoyé de mon téléphone"),
        *(
            "Enviado desde mi Xiaomi",
            "Enviado do meu Galaxy",
            "Inviato dal mio telefono Android",
            "Sendt fra min iPhone",
        ),
        *("Verstuurd vanaf mijn Samsung-apparaat", "Lähetetty iPhonesta", "Skickat från min iPad", "Odesláno z mobilu"),
        *("Elküldve az iPhone-omról", "Στάλθηκε από το iPhone μου", "נשלח מהאייפון שלי", "내 갤럭시에서 보냄"),
        *("Надіслано з iPhone", "Trimis de pe iPhone-ul meu", "Đã gửi từ iPhone của tôi", "Dikirim dari iPhone saya"),
        *("ส่งจาก iPhone ของฉัน", "Wysłane z iPhone’a", "下载 QQ邮箱", "来自我的华为手机", "AQUOSから送信"),
        *(
            "Outlook for Android を入手",
            "الحصول على Outlook لـ Android",
            "أرسلت من الآيفون",
            "Отправлено с моего iPhone",
        ),
        *("Samsung cep telefonumdan gönderildi", "iPhone'umdan gönderildi"),
    ],
)
def test_a_programs_last_line_goes_in_every_language(line: str) -> None:
    assert words(f"Too slow.\n\n{line}") == "Too slow."
    assert words(f"Too slow.\n\n{line}\n\n{MORE_INTRODUCTIONS[0]}\n{marked(OUR_QUESTION)}") == "Too slow."
    assert read(f"Too slow.\n\n{line}", answers_us=False).shown == f"Too slow.\n\n{line}"


@pytest.mark.parametrize(
    "said",
    [
        "On Monday, 2 March 2026 at 9:00 I wrote to Fernleaf Market:\nnobody answered.",
        "I wrote on 2.3.2026:\nplease call.",
        "Sent from York on 3 March",
        "Sent from my heart, thank you.",
        "Gesendet wurde es von Samsung, nicht von Ihnen.",
        "My details:\nName: Ana\nDate: 2 March 2026\nTo: feedback@fernleaf.example\nSubject: bread",
        "Thanks,\nAna\n\n--\nI forgot: the milk was open.",
        "The good:\nbread\n-- \nThe bad:\nmilk\n-- \nThe ugly:\nsoup",
        "> 5 kg it said\nIt was 3.",
        "Great",
        "Your driver wrote:\n\n> Nobody home\n\nI was.",
        "I told you so on https://feedback.fernleaf.example/f/ab12?r=1 already.",
    ],
)
@pytest.mark.parametrize("ending", ["", f"\n\n{MORE_INTRODUCTIONS[0]}\n\n{marked(OUR_QUESTION)}", "original"])
def test_no_word_above_a_quotation_is_lost(said: str, ending: str) -> None:
    if ending == "original":
        headers = f"From: {BUSINESS} <{OURS}>\nSent: 14 March 2026\nTo: Ana\nSubject: x"
        ending = f"\n\n-----Original Message-----\n{headers}\n\n{OUR_QUESTION}"
    shown = [line.rstrip() for line in said.split("\n")]
    assert words(said + ending).split("\n") == shown
    assert read(said, answers_us=False).whole.split("\n") == shown


def test_an_answer_within_a_quotation_keeps_what_joins_its_letters_and_faces() -> None:
    text = f"{MORE_INTRODUCTIONS[0]}\n\n> How was paying today?\n> خانه‌ام 👨‍👩‍👧\n> Awful: https://feedback.fernleaf.example/f/a?r=1"
    assert words(text) == "خانه‌ام 👨‍👩‍👧"

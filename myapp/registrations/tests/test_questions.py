"""The questions of a desk: asked, checked, kept; and a place held while they are answered."""

import datetime as dt
import json

import pytest
from django.utils import timezone

from myapp.registrations import actions
from myapp.registrations.forms.registering import QuestionsForm, TicketForm
from myapp.registrations.models import Desk, Question, QuestionKind, Registration, State
from myapp.testing.factories import make_registration, make_ticket_type
from myapp.testing.html import forms, parse, text_of
from myapp.testing.needs import needs_shared_data

pytestmark = pytest.mark.django_db

NAUGHTY = (
    *("<script>alert(1)</script>", "{{ 7*7 }}", "'; DROP TABLE registrations_desk;--", "%(name)s", "Ω≈ç√∫"),
    *(
        "田中さんにあげて下さい",
        "الكل في المجمو عة",
        "👩‍👩‍👧 🇨🇭",
        "a\u202eb",
        "\ufeff",
        "Ȧ̸͓̲̜b" * 9,
        "\x1b[31m",
        "null",
        "0",
    ),
)


def ask(desk, label, kind=QuestionKind.TEXT, **fields):
    Desk.objects.filter(pk=desk.pk).update(asks=True)
    desk.asks = True
    return Question.objects.create(
        desk=desk, label=label, kind=kind, position=desk.questions.count(), **fields
    )


def page(desk):
    return f"/my/events/{desk.event.slug}/register/"


def name(question):
    return f"q_{question.pk}"


@pytest.fixture
def meal(desk):
    return ask(desk, "Do you eat with us?", QuestionKind.YES_NO, required=True)


@pytest.fixture
def diet(desk, meal):
    return ask(
        desk,
        "What do you not eat?",
        QuestionKind.SEVERAL,
        choices=["Meat", "Nuts"],
        required=True,
        shown_when=meal,
        shown_for="yes",
    )


def test_a_place_is_held_while_questions_are_answered_and_then_confirmed(ada, ada_browser, desk, meal, diet):
    ada_browser.post(page(desk), {"ticket": desk.types.get().pk})
    held = Registration.objects.get(user=ada)
    assert held.state == State.HELD

    shown = ada_browser.get(page(desk))
    assert "A place is held for you until" in text_of(shown, "main")
    form = next(form for form in forms(shown, "main form") if name(meal) in str(form.element))
    answer = ada_browser.post(form.action, form.fields | {name(meal): "yes", name(diet): ["Nuts"]})

    assert answer.status_code == 302
    held.refresh_from_db()
    assert (held.state, held.answers) == (State.CONFIRMED, {str(meal.pk): "yes", str(diet.pk): ["Nuts"]})


def test_what_another_answer_does_not_ask_for_is_neither_demanded_nor_kept(desk, meal, diet):
    form = QuestionsForm(desk.questions.all(), {name(meal): "no", name(diet): ["Nuts", "Stones"]})

    assert form.is_valid(), form.errors
    assert form.answers == {str(meal.pk): "no"}


def test_what_another_answer_asks_for_is_demanded_by_the_server(ada, ada_browser, desk, meal, diet):
    ada_browser.post(page(desk), {"ticket": desk.types.get().pk})

    answer = ada_browser.post(page(desk), {"answering": "1", name(meal): "yes"})

    assert answer.status_code == 422
    assert "This must be answered." in text_of(answer, "main")
    assert Registration.objects.get(user=ada).state == State.HELD


def test_a_question_that_hangs_on_one_that_is_not_asked_is_not_asked(desk, meal, diet):
    last = ask(desk, "How bad?", required=True, shown_when=diet, shown_for="Nuts")

    form = QuestionsForm(desk.questions.all(), {name(meal): "no", name(diet): ["Nuts"], name(last): "very"})

    assert form.is_valid(), form.errors
    assert form.answers == {str(meal.pk): "no"}


def test_questions_that_hang_on_each_other_end(desk, meal):
    other = ask(desk, "Other", shown_when=meal, shown_for="yes")
    Question.objects.filter(pk=meal.pk).update(shown_when=other, shown_for="x")

    assert QuestionsForm(desk.questions.all(), {name(meal): "yes"}).is_valid()


KINDS = {
    QuestionKind.TEXT: ("a\r\nb", "a\nb", "x" * 301),
    QuestionKind.LONG_TEXT: ("a\r\nb", "a\nb", "x" * 4001),
    QuestionKind.CHOICE: ("Meat", "Meat", "Stones"),
    QuestionKind.SEVERAL: (["Meat"], ["Meat"], ["Meat", "Stones"]),
    QuestionKind.YES_NO: ("no", "no", "maybe"),
    QuestionKind.CONSENT: ("on", "yes", ""),
}


@pytest.mark.parametrize(("kind", "given"), KINDS.items(), ids=KINDS)
def test_each_kind_takes_what_fits_and_refuses_what_does_not(kind, given, desk):
    question = ask(desk, "Well?", kind, required=True, choices=["Meat", "Nuts"])
    right, kept, wrong = given

    good, bad = (QuestionsForm([question], {name(question): value}) for value in (right, wrong))

    assert good.is_valid(), good.errors
    assert good.answers == {str(question.pk): kept}
    assert not bad.is_valid()


def test_what_is_not_required_may_be_left_open(desk):
    for kind in QuestionKind:
        ask(desk, f"{kind}?", kind, choices=["Meat"])

    form = QuestionsForm(desk.questions.all(), {})

    assert form.is_valid()
    assert form.answers == {}


@pytest.mark.parametrize("text", NAUGHTY)
def test_a_naughty_answer_is_kept_and_shown_as_it_is(text, ada, ada_browser, desk):
    question = ask(desk, "Well?")
    make_registration(desk.types.get(), ada)

    answer = ada_browser.post(page(desk), {"answering": "1", name(question): text})

    assert answer.status_code == 302
    registration = Registration.objects.get(user=ada)
    kept = registration.answers.get(str(question.pk), "")
    assert kept == text.strip().replace("\x1b", "")
    shown = ada_browser.get(f"/tickets/{registration.code}/answers/")
    assert parse(shown).one(f"input[name={name(question)}]").attrs.get("value", "") == kept


def test_every_naughty_string_is_an_answer_that_the_database_takes(ada, desk):
    strings = json.loads((needs_shared_data("naughty-strings") / "blns.json").read_text())
    questions = [ask(desk, f"Well, {number}?", QuestionKind.LONG_TEXT) for number in range(len(strings))]
    mine = make_registration(desk.types.get(), ada)

    form = QuestionsForm(
        questions, {name(one): text for one, text in zip(questions, [*strings[:-1], "a\0b"], strict=True)}
    )
    assert form.is_valid(), form.errors
    actions.answer(mine, form.answers, acting_user=ada)

    mine.refresh_from_db()
    assert mine.answers == form.answers
    assert mine.answers[str(questions[-1].pk)] == "ab"


def test_answers_that_come_after_the_hold_take_the_place_up_again(ada, ada_browser, desk, meal):
    make_registration(desk.types.get(), ada)
    Registration.objects.update(until=timezone.now() - dt.timedelta(seconds=1))
    actions.let_run_out()

    answer = ada_browser.post(page(desk), {"answering": "1", name(meal): "no"})

    assert answer.status_code == 302
    assert [one.state for one in Registration.objects.filter(user=ada).order_by("pk")] == [
        *(State.EXPIRED, State.CONFIRMED)
    ]


def test_answers_that_come_too_late_say_so_and_offer_the_queue(ada, ada_browser, desk, meal):
    make_registration(desk.types.get(), ada)
    Registration.objects.update(until=timezone.now() - dt.timedelta(seconds=1))
    actions.let_run_out()
    for _ in range(2):
        make_registration(desk.types.get(), answers={})

    answer = ada_browser.post(page(desk), {"answering": "1", name(meal): "no"})

    assert answer.status_code == 422
    assert "All places are taken." in text_of(answer, "main")
    assert "Join the waiting list" in text_of(answer, "main")


def test_answers_without_a_registration_lead_back_to_the_beginning(ada_browser, desk, meal):
    answer = ada_browser.post(page(desk), {"answering": "1", name(meal): "no"})

    assert (answer.status_code, answer["Location"]) == (302, page(desk))


# --- which ticket, and with whom --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", NAUGHTY)
def test_guests_may_be_called_anything(text, desk):
    kind = make_ticket_type(desk, guests=2)

    form = TicketForm([kind], {"ticket": kind.pk, "guest_1": text})

    assert form.is_valid()
    assert form.guests == [name for name in [text.strip().replace("\x1b", "")] if name]


def test_more_guests_than_the_ticket_allows_are_refused_at_their_line(desk):
    alone, with_two = desk.types.get(), make_ticket_type(desk, guests=2)

    form = TicketForm([alone, with_two], {"ticket": alone.pk, "guest_2": "Bo"})

    assert form.errors == {"guest_2": ["This ticket is for one person."]}


def test_guests_register_along(ada, ada_browser, desk):
    kind = make_ticket_type(desk, guests=2)

    ada_browser.post(page(desk), {"ticket": kind.pk, "guest_1": "Bo", "guest_2": ""})

    desk.refresh_from_db()
    assert Registration.objects.get(user=ada).guests == ["Bo"]
    assert desk.taken == 2

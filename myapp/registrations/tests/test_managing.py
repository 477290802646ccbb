"""What people do with what they have, with an account and with a key; each step may be sent twice."""

import datetime as dt

import pytest
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.utils import timezone

from myapp.notify.models import Message
from myapp.registrations import actions, invariants, keys, queries as queries_of
from myapp.registrations.models import Audience, Desk, Promotion, Question, Registration, State, TicketType
from myapp.testing.factories import make_person, make_registration, make_ticket_type
from myapp.testing.html import forms, parse, text_of
from myapp.testing.queries import queries

pytestmark = pytest.mark.django_db
VERBS = ("accept", "answers", "cancel", "change")


@pytest.fixture
def open_desk(desk):
    """A desk that takes people without an account."""
    Desk.objects.filter(pk=desk.pk).update(without_account=True)
    TicketType.objects.update(audience=Audience.EVERYONE)
    desk.refresh_from_db()
    return desk


def page(desk):
    return f"/my/events/{desk.event.slug}/register/"


def sign_up(visitor, desk, email="guest@example.org", **given):
    return visitor.post(
        page(desk), {"ticket": desk.types.first().pk, "name": "Guest One", "email": email, **given}
    )


def by_key(registration, verb):
    return f"/r/{keys.key_of(registration)}/{verb}/"


def is_sound():
    return [said for check in invariants.INVARIANTS for said in check("default")] == []


# --- with an account --------------------------------------------------------------------------------------------------


def test_a_place_is_given_back_and_goes_to_the_next(ada, ada_browser, desk):
    mine = make_registration(desk.types.get(), ada)
    make_registration(desk.types.get())
    next_in_line = make_registration(desk.types.get())
    address = f"/tickets/{mine.code}/cancel/"

    assert "goes to the next in line at once" in text_of(ada_browser.get(address), "main")
    for _ in range(2):
        assert ada_browser.post(address).status_code == 302

    mine.refresh_from_db()
    next_in_line.refresh_from_db()
    assert (mine.state, next_in_line.state) == (State.CANCELLED, State.CONFIRMED)
    assert is_sound()


def test_too_late_to_give_back_says_whom_to_tell(ada, ada_browser, desk):
    mine = make_registration(desk.types.get(), ada)
    Desk.objects.update(cancel_until=timezone.now() - dt.timedelta(minutes=1))
    address = f"/tickets/{mine.code}/cancel/"

    answer = ada_browser.post(address)

    assert answer.status_code == 422
    assert "It is too late to give the place back here." in text_of(answer, "main")
    assert not forms(ada_browser.get(address), "main form")
    mine.refresh_from_db()
    assert mine.state == State.CONFIRMED


@pytest.fixture
def offered(ada, desk):
    """Ada, to whom a place is offered."""
    Desk.objects.update(promotion=Promotion.OFFER)
    first = make_registration(desk.types.get())
    make_registration(desk.types.get())
    mine = make_registration(desk.types.get(), ada)
    actions.cancel(first, acting_user=first.user)
    mine.refresh_from_db()
    assert mine.state == State.OFFERED
    return mine


def test_an_offer_is_accepted_once(ada_browser, offered):
    address = f"/tickets/{offered.code}/accept/"
    assert "It is kept for you until" in text_of(ada_browser.get(address), "main")

    for _ in range(2):
        assert ada_browser.post(address).status_code == 302

    offered.refresh_from_db()
    assert offered.state == State.CONFIRMED


def test_an_offer_that_ran_out_says_so(ada_browser, offered):
    Registration.objects.filter(pk=offered.pk).update(until=timezone.now())

    answer = ada_browser.post(f"/tickets/{offered.code}/accept/")

    assert answer.status_code == 422
    assert "This offer has run out; the place went to the next in line." in text_of(answer, "main")


def test_an_offer_is_accepted_by_answering_what_is_asked(ada_browser, offered):
    question = Question.objects.create(desk=offered.desk, label="Diet?", required=True)
    Desk.objects.update(asks=True)

    answer = ada_browser.post(f"/tickets/{offered.code}/accept/")
    assert answer["Location"] == f"/tickets/{offered.code}/answers/"
    ada_browser.post(answer["Location"], {f"q_{question.pk}": "none"})

    offered.refresh_from_db()
    assert (offered.state, offered.answers) == (State.CONFIRMED, {str(question.pk): "none"})


def test_ticket_and_guests_change_and_the_place_stays(ada, ada_browser, desk):
    mine = make_registration(desk.types.get(), ada)
    other = make_ticket_type(desk, "With a friend", guests=1)
    address = f"/tickets/{mine.code}/change/"
    [form] = forms(ada_browser.get(address), "main form")

    answer = ada_browser.post(address, form.filled(ticket=str(other.pk), guest_1="Bo"))

    assert answer.status_code == 302
    mine.refresh_from_db()
    assert (mine.state, mine.ticket_type, mine.guests) == (State.CONFIRMED, other, ["Bo"])
    assert is_sound()


def test_a_change_for_which_there_is_no_room_leaves_the_place(ada, ada_browser, desk):
    TicketType.objects.update(guests=1)
    mine = make_registration(desk.types.get(), ada)
    make_registration(desk.types.get())

    answer = ada_browser.post(
        f"/tickets/{mine.code}/change/", {"ticket": mine.ticket_type_id, "guest_1": "Bo"}
    )

    assert answer.status_code == 422
    assert "There is no room for that. Your place stays as it is." in text_of(answer, "main")
    mine.refresh_from_db()
    assert (mine.state, mine.guests) == (State.CONFIRMED, [])


@pytest.mark.parametrize("verb", VERBS)
def test_somebody_elses_ticket_is_not_found(verb, ada_browser, desk):
    theirs = make_registration(desk.types.get())

    assert ada_browser.get(f"/tickets/{theirs.code}/{verb}/").status_code == 404
    assert ada_browser.post(f"/tickets/{theirs.code}/{verb}/").status_code == 404
    theirs.refresh_from_db()
    assert theirs.state == State.CONFIRMED


# --- without an account -----------------------------------------------------------------------------------------------


def test_somebody_without_an_account_gets_a_place_by_the_link_in_our_mail(visitor, open_desk):
    answer = sign_up(visitor, open_desk)
    assert answer["Location"] == f"{page(open_desk)}?sent=1"
    assert "Look into your mail." in text_of(visitor.get(answer["Location"]), "main")
    registration = Registration.objects.get(email="guest@example.org")
    assert registration.state == State.HELD
    assert Message.objects.get().kind == "address_asked"
    address = by_key(registration, "confirm")

    assert "Is this you?" in text_of(visitor.get(address), "main")
    registration.refresh_from_db()
    assert registration.state == State.HELD  # looking changes nothing
    for _ in range(2):
        assert visitor.post(address).status_code == 302

    registration.refresh_from_db()
    assert registration.state == State.CONFIRMED
    assert is_sound()


def test_registering_again_with_an_address_is_one_place_and_says_the_same(visitor, open_desk):
    answers = [sign_up(visitor, open_desk, email) for email in ("guest@example.org", "GUEST@example.org")]

    assert len({answer["Location"] for answer in answers}) == 1
    assert Registration.objects.count() == 1
    assert Message.objects.count() == 2  # the link, and once more for who did not find it
    open_desk.refresh_from_db()
    assert open_desk.taken == 1


def test_a_mistyped_address_is_a_form_to_mend(visitor, open_desk):
    answer = sign_up(visitor, open_desk, "guest@@example")

    assert answer.status_code == 422
    assert parse(answer).one("input[name=name]").attrs["value"] == "Guest One"
    assert not Registration.objects.exists()


def test_full_without_an_account_offers_the_waiting_list(visitor, open_desk):
    for _ in range(2):
        make_registration(open_desk.types.get())

    said = sign_up(visitor, open_desk)
    assert said.status_code == 422
    assert "All places are taken." in text_of(said, "main")
    sign_up(visitor, open_desk, wait="1")

    assert Registration.objects.get(email="guest@example.org").state == State.WAITING


def test_a_full_event_does_not_tell_who_has_registered(visitor, open_desk):
    sign_up(visitor, open_desk)
    make_registration(open_desk.types.get())

    known, unknown = sign_up(visitor, open_desk), sign_up(visitor, open_desk, "new@example.org")

    assert (known.status_code, unknown.status_code) == (422, 422)
    assert text_of(known, "main") == text_of(unknown, "main")


def test_a_desk_for_accounts_takes_nobody_without(visitor, desk):
    assert "Without an account" not in text_of(visitor.get(page(desk)), "main")

    assert sign_up(visitor, desk).status_code == 422
    assert not Registration.objects.exists()


def test_too_many_addresses_from_one_network_are_refused(visitor, open_desk):
    Desk.objects.update(capacity=None)
    statuses = {sign_up(visitor, open_desk, f"guest{number}@example.org").status_code for number in range(21)}

    assert statuses == {302, 429}


@pytest.mark.parametrize("verb", [*VERBS, "confirm"])
def test_a_key_that_is_wrong_opens_nothing(verb, visitor, open_desk):
    sign_up(visitor, open_desk)
    registration = Registration.objects.get()
    key = keys.key_of(registration)

    for forged in (
        key[:-1],
        f"{registration.pk}.0.x",
        f"{registration.pk + 1}{key[key.index('.') :]}",
        "x",
        "1.1",
    ):
        assert visitor.post(f"/r/{forged}/{verb}/").status_code == 404
    Registration.objects.update(rotation=1)
    assert visitor.get(f"/r/{key}/{verb}/").status_code == 404


@pytest.mark.parametrize("verb", VERBS)
def test_pages_with_a_key_touch_no_session(verb, ada_browser, open_desk):
    sign_up(ada_browser.__class__(), open_desk)
    registration = Registration.objects.get()

    answer = ada_browser.get(by_key(registration, verb))

    assert answer.status_code == 200
    assert "ada@example.edu" not in answer.content.decode()


def test_a_place_is_given_back_by_its_key(visitor, open_desk):
    sign_up(visitor, open_desk)
    registration = Registration.objects.get()

    visitor.post(by_key(registration, "cancel"))

    registration.refresh_from_db()
    assert registration.state == State.CANCELLED
    assert is_sound()


# --- later it is in the account ---------------------------------------------------------------------------------------


@pytest.fixture
def grace(db):
    """Somebody who has just made an account with the address she had used before."""
    user = make_person("Grace", email="guest@example.org")
    return EmailAddress.objects.get(user=user)


def test_what_was_registered_with_an_address_is_in_the_account_that_proves_it(visitor, open_desk, grace):
    sign_up(visitor, open_desk)

    email_confirmed.send(EmailAddress, request=None, email_address=grace)

    registration = Registration.objects.get()
    assert (registration.user, registration.state) == (grace.user, State.CONFIRMED)
    assert visitor.get(by_key(registration, "cancel"))["Location"].count(registration.code) <= 1
    assert is_sound()


def test_who_waits_and_proves_the_address_with_an_account_is_told(visitor, open_desk, grace):
    for _ in range(2):
        make_registration(open_desk.types.get())
    sign_up(visitor, open_desk, wait="1")
    for _ in range(2):
        email_confirmed.send(EmailAddress, request=None, email_address=grace)
    assert Message.objects.filter(user=grace.user, kind="place_waiting").count() == 1


def test_a_ticket_in_an_account_is_not_in_a_calendar_by_its_key_any_more(visitor, open_desk, grace):
    sign_up(visitor, open_desk)
    key = keys.key_of(Registration.objects.get())
    email_confirmed.send(EmailAddress, request=None, email_address=grace)
    answer = visitor.get(f"/r/{key}.ics")
    assert answer["Location"] == f"/tickets/{Registration.objects.get().code}.ics"


def test_of_two_registrations_for_one_event_the_further_stays(visitor, open_desk, grace):
    sign_up(visitor, open_desk)
    make_registration(open_desk.types.get())
    waiting = make_registration(open_desk.types.get(), grace.user)
    assert waiting.state == State.WAITING

    for _ in range(2):
        email_confirmed.send(EmailAddress, request=None, email_address=grace)

    states = dict(Registration.objects.filter(user=grace.user).values_list("email", "state"))
    assert states == {"guest@example.org": State.CONFIRMED, "": State.CANCELLED}
    assert is_sound()


def test_a_place_that_is_left_over_goes_to_the_next(visitor, open_desk, grace):
    sign_up(visitor, open_desk)
    make_registration(open_desk.types.get(), grace.user)
    next_in_line = make_registration(open_desk.types.get())

    email_confirmed.send(EmailAddress, request=None, email_address=grace)

    next_in_line.refresh_from_db()
    assert next_in_line.state == State.CONFIRMED
    assert Registration.objects.filter(user=grace.user, state=State.CONFIRMED).count() == 1
    assert is_sound()


def test_confirming_the_address_of_an_account_puts_it_there_at_once(visitor, open_desk, grace):
    sign_up(visitor, open_desk)
    registration = Registration.objects.get()

    visitor.post(by_key(registration, "confirm"))

    registration.refresh_from_db()
    assert registration.user == grace.user


def test_an_address_that_looks_like_another_is_not_that_one(visitor, open_desk):
    """The capital of a dotless i is the I of everybody; a Kelvin sign is a k in lower case."""
    sign_up(visitor, open_desk, "victim.k@gmail.com")
    registration = Registration.objects.get()
    for one in ("v\u0131ctim.k@gmail.com", "victim.\u212a@gmail.com", "victim.k@gma\u0131l.com"):
        assert actions.join_account(make_person(email=one), one) == 0
        assert queries_of.account_of("victim.k@gmail.com") is None
        assert queries_of.live_registration_of_address(open_desk, one) is None
    assert queries_of.live_registration_of_address(open_desk, "Victim.K@Gmail.com") == registration


def test_an_address_in_other_letters_is_refused_with_a_sentence(visitor, open_desk, ada_browser, ada):
    answers = [sign_up(visitor, open_desk, "victim@gma\u0131l.com")]
    mine = make_registration(open_desk.types.get(), ada)
    answers.append(ada_browser.post(f"/tickets/{mine.code}/hand-on/", {"email": "v\u0131c@gmail.com"}))
    assert [answer.status_code for answer in answers] == [422, 422]
    new = {"action_add": "", "email": "ad\u0131@home.example"}
    answers.append(ada_browser.post("/accounts/email/", new))
    account = {"name": "A", "email": "ad\u0131@home.example", "username": "adi"}
    account |= {"password1": "long-enough-words", "password2": "long-enough-words"}
    answers.append(visitor.post("/accounts/signup/", account))
    for answer in answers:
        assert "Write the address in plain letters" in text_of(answer)
    assert not EmailAddress.objects.filter(email__contains="\u0131").exists()


def test_an_address_with_nothing_costs_one_query(grace):
    user = grace.user
    with queries(1):
        assert actions.join_account(user, grace.email) == 0

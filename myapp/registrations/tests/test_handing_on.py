"""A ticket that changes hands: never two people with one place, never a place lost on the way."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from myapp.events.models import Event
from myapp.notify.models import Message
from myapp.registrations import actions, handing_on_mails, keys, tokens
from myapp.registrations.errors import NotAllowed, RegistrationRefused
from myapp.registrations.invariants import nobody_holds_two_places, places_are_counted_right
from myapp.registrations.models import Desk, HandOn, Registration, State
from myapp.registrations.tests.outgoing import delivered, parsed
from myapp.registrations.tokens import TokenRefused
from myapp.testing.factories import make_person, make_registration, make_ticket_type
from myapp.testing.html import forms, parse, text_of
from myapp.testing.queries import queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def given(ticket, ada):
    """Ada's ticket."""
    return make_registration(ticket, ada)


def offered(registration, email="omar@example.edu"):
    return actions.hand_on(registration, email, acting_user=registration.user)


def refusal(action, *given, **more):
    with pytest.raises(RegistrationRefused) as refused:
        action(*given, **more)
    assert refused.value.sentence
    return refused.value.code


def address(offer):
    return f"/tickets/take-over/{keys.offer_key_of(offer)}/"


# --- from one account to another


def test_a_ticket_that_is_offered_stays_where_it_is_until_it_is_taken(given, ada, omar):
    token = tokens.read(tokens.make(given))
    offer = offered(given)
    given.refresh_from_db()
    assert given.user == ada
    tokens.check(token, given)

    taken = actions.take_over(offer, acting_user=omar)

    assert (taken.pk, taken.user, taken.name, taken.state) == (given.pk, omar, "Omar Haddad", State.CONFIRMED)
    with pytest.raises(TokenRefused) as refused:
        tokens.check(token, taken)
    assert refused.value.code == "handed_on"
    tokens.check(tokens.read(tokens.make(taken)), taken)
    assert Desk.objects.get(pk=given.desk_id).taken == 1


def test_guests_come_along_and_answers_do_not(desk, ada, omar):
    kind = make_ticket_type(desk, guests=1)
    given = make_registration(kind, ada, guests=["Bo Lind"], answers={"1": "vegan"})
    taken = actions.take_over(offered(given), acting_user=omar)
    assert (taken.guests, taken.answers, taken.answered_at) == (["Bo Lind"], {}, None)
    assert Desk.objects.get(pk=desk.pk).taken == 2


def test_taking_it_again_changes_nothing(given, omar):
    offer = offered(given)
    first = actions.take_over(offer, acting_user=omar)
    again = actions.take_over(offer, acting_user=omar)
    assert (again.pk, again.rotation, again.revision) == (first.pk, first.rotation, first.revision)


def test_the_same_offer_twice_is_one_offer_and_one_mail(given):
    assert offered(given).pk == offered(given, "Omar@Example.edu").pk
    assert Message.objects.filter(kind="ticket_offered_on").count() == 1


def test_another_offer_ends_the_one_before(given, omar, priya):
    first, second = offered(given), offered(given, "priya@example.edu")
    assert refusal(actions.take_over, first, acting_user=omar) == "offer_over"
    assert actions.take_over(second, acting_user=priya).user == priya
    first.refresh_from_db()
    assert (first.email, HandOn.objects.get(pk=second.pk).email) == ("", "")  # not needed any more


def test_an_offer_that_was_taken_back_leads_nowhere(given, ada, omar):
    offer = offered(given)
    actions.take_back(given, acting_user=ada)
    assert refusal(actions.take_over, offer, acting_user=omar) == "offer_over"


def test_an_offer_that_has_run_out_leads_nowhere_and_can_be_made_again(given, omar):
    offer = offered(given)
    HandOn.objects.update(until=timezone.now())
    assert refusal(actions.take_over, offer, acting_user=omar) == "offer_over"
    assert actions.take_over(offered(given), acting_user=omar).user == omar


def test_what_has_run_out_forgets_the_address_it_went_to(given):
    offered(given)
    actions.let_run_out()
    assert HandOn.objects.get().email == "omar@example.edu"
    HandOn.objects.update(until=timezone.now())
    actions.let_run_out()
    assert (HandOn.objects.get().email, HandOn.objects.get().is_open) == ("", False)


def test_whose_account_is_deleted_offers_nothing_any_more(given, ada):
    offered(given)
    ada.delete()
    offer = HandOn.objects.get()
    assert (offer.giver, offer.email, offer.is_open) == (None, "", False)


def test_an_offer_of_a_ticket_that_was_given_back_leads_nowhere(given, ada, omar):
    offer = offered(given)
    actions.cancel(given, acting_user=ada)
    assert refusal(actions.take_over, offer, acting_user=omar) == "offer_over"


def test_who_is_registered_already_takes_no_second_place(ticket, given, omar):
    make_registration(ticket, omar)
    offer = offered(given)
    assert refusal(actions.take_over, offer, acting_user=omar) == "already_registered"
    given.refresh_from_db()
    assert given.is_live
    assert HandOn.objects.get().is_open


def test_a_ticket_goes_only_to_whom_its_type_is_for(desk, ada, omar):
    physics = ada.department or type(ada)._meta.get_field("department").related_model.objects.create(
        name="Physics"
    )
    ada.department = physics
    ada.save()
    given = make_registration(make_ticket_type(desk, audience="department", department=physics), ada)
    assert refusal(actions.take_over, offered(given), acting_user=omar) == "not_for_you"


def test_nobody_hands_a_ticket_to_themselves(given, ada):
    assert refusal(offered, given, "ADA@example.edu") == "to_yourself"
    assert refusal(actions.take_over, offered(given), acting_user=ada) == "to_yourself"


def test_nobody_hands_on_what_is_somebody_elses(given, omar):
    with pytest.raises(NotAllowed):
        actions.hand_on(given, "x@example.org", acting_user=omar)
    with pytest.raises(NotAllowed):
        actions.take_back(given, acting_user=None)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda one: Desk.objects.update(can_hand_on=False), "no_handing_on"),
        (lambda one: Event.objects.update(status="cancelled"), "no_ticket"),
        (lambda one: Event.objects.update(starts_at=timezone.now()), "too_late"),
        (lambda one: one.desk.types.update(needs_approval=True), "needs_approval"),
        (lambda one: actions.cancel(one, acting_user=one.user), "no_ticket"),
    ],
)
def test_what_cannot_be_handed_on_says_why_and_an_offer_made_before_ends(given, omar, change, code):
    offer = offered(given)
    change(given)
    assert refusal(offered, Registration.objects.get(pk=given.pk), "other@example.org") == code
    assert refusal(actions.take_over, offer, acting_user=omar) == "offer_over"


def test_who_gave_a_ticket_may_get_it_back_the_same_way(given, ada, omar):
    taken = actions.take_over(offered(given), acting_user=omar)
    back = actions.take_over(offered(taken, ada.email), acting_user=ada)
    assert (back.user, back.rotation) == (ada, 2)


@pytest.mark.django_db(transaction=True)
def test_two_who_take_it_at_once_get_one_ticket(given):
    offer, people = offered(given), [make_person() for _ in range(4)]

    def take(person):
        try:
            return actions.take_over(offer, acting_user=person).user
        except RegistrationRefused as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(take, people))

    assert said.count("offer_over") == 3
    given.refresh_from_db()
    assert given.user in said
    assert given.rotation == 1
    assert [*places_are_counted_right("default"), *nobody_holds_two_places("default")] == []


# --- without an account


@pytest.fixture
def open_desk(desk):
    desk.without_account = True
    desk.save()
    return make_ticket_type(desk, audience="everyone")


def test_somebody_without_an_account_takes_it_by_the_link_and_a_name(open_desk, ada, visitor):
    offer = offered(make_registration(open_desk, ada), "gus@example.org")
    (form,) = forms(visitor.get(address(offer)), "main form")

    response = visitor.post(address(offer), form.filled(name="Gus Guest"))

    taken = Registration.objects.get(pk=offer.registration_id)
    assert response["Location"] == f"/r/{keys.key_of(taken)}/"
    assert (taken.user, taken.email, taken.name, taken.is_somebodys) == (
        None,
        "gus@example.org",
        "Gus Guest",
        True,
    )
    assert parse(visitor.get(response["Location"])).one(".ticket h2").text() == "Gus Guest"


def test_a_name_is_wanted(open_desk, ada, visitor):
    offer = offered(make_registration(open_desk, ada), "gus@example.org")
    response = visitor.post(address(offer), {"name": "  "})
    assert response.status_code == 422
    assert HandOn.objects.get().is_open


def test_who_has_no_account_hands_on_with_the_key_and_the_key_is_void_after(
    open_desk, omar, omar_browser, visitor
):
    given = actions.register(open_desk, acting_user=None, email="gus@example.org", name="Gus", answers={})
    given = actions.confirm_address(given)
    key = keys.key_of(given)
    visitor.post(f"/r/{key}/hand-on/", {"email": "omar@example.edu"})
    offer = HandOn.objects.get()
    assert visitor.get(f"/r/{key}/").status_code == 200

    omar_browser.post(address(offer))

    assert visitor.get(f"/r/{key}/").status_code == 404
    assert omar_browser.get(f"/tickets/{given.code}/").status_code == 200
    told = Message.objects.get(kind="ticket_taken_over")
    assert (told.user, told.email) == (None, "gus@example.org")


def test_a_visitor_is_asked_to_sign_in_where_an_account_is_needed(given, visitor):
    page = visitor.get(address(offered(given)))
    assert not forms(page, "main form")
    assert "Sign in" in text_of(page, "main")
    assert visitor.post(address(HandOn.objects.get()), {"name": "Gus"}).status_code == 422
    assert HandOn.objects.get().is_open


def test_who_has_an_account_and_is_not_signed_in_gets_it_there(open_desk, ada, omar, visitor):
    offer = offered(make_registration(open_desk, ada), "Omar@example.edu")
    visitor.post(address(offer), {"name": "O"})
    taken = Registration.objects.get()
    assert (taken.user, taken.email, taken.name) == (omar, "", "Omar Haddad")


def test_who_is_not_signed_in_takes_no_second_place_beside_that_of_their_account(open_desk, ada, omar):
    make_registration(open_desk, omar)
    offer = offered(make_registration(open_desk, ada), "omar@example.edu")
    assert refusal(actions.take_over, offer, acting_user=None, name="O") == "already_registered"
    assert Registration.objects.filter(desk=open_desk.desk, user=None).count() == 0


@pytest.mark.parametrize("with_account", [True, False])
def test_who_gave_a_ticket_is_not_told_the_way_to_it(open_desk, ada, omar, post_office, with_account):
    given = make_registration(open_desk, ada)
    offer = offered(given, "gus@example.org")
    taken = actions.take_over(offer, acting_user=omar if with_account else None, name="Gus")

    [letter] = [mail for mail in delivered(post_office) if mail.to == [ada.email]]
    pushed = handing_on_mails.taken(Message.objects.get(kind="ticket_taken_over"))

    whole = parsed(letter).as_string() + letter.body + str(letter.alternatives) + str(pushed)
    assert given.desk.event.path in letter.body
    for private in ("/r/", "/tickets/", taken.code, keys.key_of(taken), "gus@example.org"):
        assert private not in whole


# --- pages


def test_the_whole_way_by_its_pages(given, ada_browser, omar, omar_browser, post_office):
    page = f"/tickets/{given.code}/hand-on/"
    assert page in [
        link.attrs["href"] for link in parse(ada_browser.get(f"/tickets/{given.code}/")).all("aside a[href]")
    ]
    (form,) = forms(ada_browser.get(page), "main form")
    ada_browser.post(page, form.filled(email="omar@example.edu"))
    assert "It is offered to omar@example.edu until" in text_of(ada_browser.get(page))
    offer = HandOn.objects.get()
    [letter] = [mail for mail in delivered(post_office) if mail.to == ["omar@example.edu"]]
    assert "Ada Okonkwo hands a ticket on to you: Dark skies" in letter.subject
    assert address(offer) in letter.body

    response = omar_browser.post(address(offer), follow=True)

    assert "The ticket is yours." in text_of(response)
    assert parse(response).one(".ticket h2").text() == "Omar Haddad"
    assert ada_browser.get(f"/tickets/{given.code}/").status_code == 404
    assert ada_browser.get(page).status_code == 404
    subjects = {mail.to[0]: mail.subject for mail in delivered(post_office)}
    assert "Your ticket was taken" in subjects["ada@example.edu"]
    assert "handed on to you" in subjects["omar@example.edu"]


def test_an_address_that_is_none_is_said_beside_the_field(given, ada_browser):
    response = ada_browser.post(f"/tickets/{given.code}/hand-on/", {"email": "omar at example"})
    assert response.status_code == 422
    assert parse(response).has("[aria-invalid=true]")


def test_an_offer_is_taken_back_on_its_page(given, ada_browser):
    offered(given)
    ada_browser.post(f"/tickets/{given.code}/hand-on/", {"take_back": "1"})
    assert not HandOn.objects.get().is_open


def test_looking_at_an_offer_changes_nothing(given, omar_browser):
    offer = offered(given)
    omar_browser.get(address(offer))
    assert HandOn.objects.get().is_open


def test_a_link_that_is_wrong_leads_nowhere(given, omar_browser, visitor):
    key = keys.offer_key_of(offered(given))
    for wrong in (key[:-1], key + "A", "x", f"9{key}", "é"):
        assert omar_browser.get(f"/tickets/take-over/{wrong}/").status_code == 404
        assert visitor.post(f"/tickets/take-over/{wrong}/").status_code == 404


def test_somebody_elses_ticket_has_no_page_to_hand_it_on(given, omar_browser, visitor):
    assert omar_browser.get(f"/tickets/{given.code}/hand-on/").status_code == 404
    assert visitor.get(f"/tickets/{given.code}/hand-on/").status_code == 302


def test_what_an_offer_page_costs(given, ada_browser, omar_browser):
    offer = offered(given)
    ada_browser.get("/tickets/")
    omar_browser.get("/tickets/")
    with queries(3):  # the person; the ticket; the offer that stands
        ada_browser.get(f"/tickets/{given.code}/hand-on/")
    with queries(2):  # the offer with its ticket; the person
        omar_browser.get(address(offer))

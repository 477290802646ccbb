"""One's own account: name, addresses, password, and the way back in."""

import pytest
from allauth.account.models import EmailAddress

from myapp.accounts.models import User
from myapp.accounts.tests.signing_up import last_mail, link_in
from myapp.testing.factories import make_person
from myapp.testing.html import forms, hrefs, parse, text_of
from myapp.testing.people import PASSWORD

pytestmark = pytest.mark.django_db
NEW = "a-quite-different-one-77"


@pytest.fixture
def ada_browser(visitor, ada):
    """Ada's browser, in which she has just said her password."""
    visitor.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    visitor.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return visitor


def test_account_shows_who_one_is_and_where_to_go(ada_browser):
    page = ada_browser.get("/accounts/")
    assert {"/accounts/email/", "/accounts/password/change/"} <= set(hrefs(page, "main a[href]"))
    assert "ada@example.edu" in text_of(page, "main")
    assert page["Cache-Control"].startswith("max-age=0, no-cache, no-store")


def test_name_is_changed_and_put_in_order(ada_browser):
    page = ada_browser.post("/accounts/", {"name": "  Ada   Lovelace "}, follow=True)
    assert User.objects.get().name == "Ada Lovelace"
    assert "Saved." in text_of(page)


@pytest.mark.parametrize("name", ["", "   ", "\u202eevil", "x" * 151])
def test_name_that_nobody_can_read_is_refused(ada_browser, name):
    page = ada_browser.post("/accounts/", {"name": name})
    assert page.status_code == 422
    assert parse(page).has("main input[aria-invalid]")
    assert User.objects.get().name == "Ada Okonkwo"


def test_account_asks_a_visitor_to_sign_in(visitor):
    assert visitor.get("/accounts/")["Location"] == "/accounts/login/?next=%2Faccounts%2F"


def test_second_address_is_added_confirmed_and_made_the_main_one(ada_browser):
    ada_browser.post("/accounts/email/", {"action_add": "", "email": "ada@home.example"})
    link = link_in(last_mail())
    ada_browser.post(link)
    ada_browser.post("/accounts/email/", {"action_primary": "", "email": "ada@home.example"})
    assert User.objects.get().email == "ada@home.example"
    page = ada_browser.get("/accounts/email/")
    assert "ada@home.example Main Confirmed" in text_of(page, "main")
    ada_browser.post("/accounts/email/", {"action_remove": "", "email": "ada@example.edu"})
    assert [address.email for address in EmailAddress.objects.all()] == ["ada@home.example"]


def test_address_of_another_account_cannot_become_the_main_one(ada_browser, ada):
    squatter = make_person(email="late@example.edu")
    EmailAddress.objects.filter(user=squatter).update(verified=False)
    EmailAddress.objects.create(user=ada, email="late@example.edu", verified=True)
    page = ada_browser.post(
        "/accounts/email/", {"action_primary": "", "email": "late@example.edu"}, follow=True
    )
    assert "This address belongs to another account." in text_of(page)
    ada.refresh_from_db()
    assert ada.email == "ada@example.edu"


@pytest.mark.parametrize("action", ["action_send", "action_remove", "action_primary"])
@pytest.mark.parametrize("address", ["", "nonsense", "omar@example.edu", "\x00"])
def test_actions_on_addresses_of_others_do_nothing(ada_browser, omar, action, address):
    answer = ada_browser.post("/accounts/email/", {action: "", "email": address})
    assert answer["Location"] == "/accounts/email/"
    assert EmailAddress.objects.filter(user=omar, primary=True, verified=True).exists()


def test_changing_how_one_signs_in_asks_once_more_who_one_is(ada):
    from myapp.testing.people import browser_of

    browser = browser_of(ada)  # signed in, but not just now
    answer = browser.post("/accounts/email/", {"action_add": "", "email": "ada@home.example"})
    page = browser.get(answer["Location"])
    assert "Is it still you?" in text_of(page, "main")
    form = forms(page, "main form")[0]
    browser.post(form.action, form.filled(password=PASSWORD))
    assert EmailAddress.objects.filter(email="ada@home.example").exists()


def test_password_is_changed_and_told_by_mail(ada_browser):
    form = forms(ada_browser.get("/accounts/password/change/"), "main form")[0]
    page = ada_browser.post(
        form.action, form.filled(oldpassword=PASSWORD, password1=NEW, password2=NEW), follow=True
    )
    assert "Your password is changed." in text_of(page)
    assert last_mail().subject == "Your password is changed"
    assert User.objects.get().check_password(NEW)


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"oldpassword": "wrong", "password1": NEW, "password2": NEW}, "This is not your password."),
        ({"oldpassword": PASSWORD, "password1": NEW, "password2": "x"}, "same password"),
        ({"oldpassword": PASSWORD, "password1": "short", "password2": "short"}, "at least 10"),
    ],
)
def test_password_is_not_changed_by_mistake(ada_browser, sent, sentence):
    page = ada_browser.post("/accounts/password/change/", sent)
    assert sentence in text_of(page, "main")
    assert User.objects.get().check_password(PASSWORD)


def test_account_without_a_password_may_set_one(ada_browser, ada):
    ada.set_unusable_password()
    ada.save()
    ada_browser.force_login(ada)
    assert ada_browser.get("/accounts/password/change/")["Location"] == "/accounts/password/set/"
    form = forms(ada_browser.get("/accounts/password/set/"), "main form")[0]
    ada_browser.post(form.action, form.filled(password1=NEW, password2=NEW))
    assert User.objects.get().check_password(NEW)


def test_forgotten_password_is_replaced_by_way_of_a_mail(visitor, ada):
    page = visitor.post("/accounts/password/reset/", {"email": "ADA@example.edu"}, follow=True)
    assert "Look into your mail" in text_of(page, "main")
    link = link_in(last_mail())
    assert "ada" in last_mail().body
    page = visitor.get(link, follow=True)
    form = forms(page, "main form")[0]
    assert link.rsplit("-", 1)[1] not in form.action, "the secret does not stay in the address"
    page = visitor.post(form.action, form.filled(password1=NEW, password2=NEW), follow=True)
    assert "Your password is changed" in text_of(page, "main")
    assert User.objects.get().check_password(NEW)
    assert "no longer works" in text_of(visitor.get(link, follow=True), "main")


def test_forgotten_password_of_nobody_reads_the_same_and_tells_the_address(visitor, ada):
    known = visitor.post("/accounts/password/reset/", {"email": "ada@example.edu"}, follow=True)
    unknown = visitor.post("/accounts/password/reset/", {"email": "nobody@example.edu"}, follow=True)
    assert text_of(known, "main") == text_of(unknown, "main")
    assert last_mail().subject == "No account with this address"
    assert link_in(last_mail()) == "/accounts/signup/"


@pytest.mark.parametrize(
    "key", ["1-x", "zzzzzzzzzzzzz-x", "1-set-password", "1-%2e%2e", "0-" + "x" * 2000, "9" * 40 + "-x"]
)
def test_reset_link_that_was_made_up_says_so(visitor, ada, key):
    page = visitor.get(f"/accounts/password/reset/key/{key}/", follow=True)
    assert "no longer works" in text_of(page, "main")

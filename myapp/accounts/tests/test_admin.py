"""The back office of people: who gets in, what staff may do to whom, and at what cost."""

import pytest
from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from myapp.accounts.models import User
from myapp.testing.factories import make_person
from myapp.testing.html import forms, parse, text_of
from myapp.testing.people import PASSWORD, browser_of
from myapp.testing.queries import one_and_three, queries

pytestmark = pytest.mark.django_db
PEOPLE = "/admin/accounts/user/"


@pytest.fixture
def root_browser(db) -> Client:
    """The browser of somebody with all rights."""
    return browser_of(make_person("Root", username="root", is_staff=True, is_superuser=True))


def test_visitor_signs_in_where_everyone_does(visitor):
    assert visitor.get("/admin/")["Location"] == "/accounts/login/?next=%2Fadmin%2F"
    assert visitor.get("/admin/login/?next=/admin/accounts/user/")["Location"].startswith(
        "/accounts/login/?next="
    )


def test_form_of_the_admin_itself_signs_nobody_in(visitor, rosa):
    answer = visitor.post("/admin/login/", {"username": "rosa", "password": PASSWORD})
    assert answer["Location"].startswith("/accounts/login/")
    assert "sessionid" not in answer.cookies


def test_student_is_refused(ada_browser):
    assert ada_browser.get("/admin/", follow=True).status_code == 403


def test_staff_see_the_rooms_of_the_house(rosa_browser):
    page = rosa_browser.get("/admin/")
    words = text_of(page)
    assert "EventMate" in words
    for room in ("People", "Buildings", "Rooms", "Events", "Organisations", "Series", "Sources"):
        assert room in words


@one_and_three
def test_list_of_people_costs_the_same(root_browser, rows):
    for number in range(rows):
        make_person(f"Someone {number}")
    root_browser.get(PEOPLE)
    # person; their groups' names for the filter; how many; the page
    with queries(4):
        assert root_browser.get(PEOPLE).status_code == 200


@one_and_three
def test_list_of_addresses_costs_the_same(root_browser, rows):
    for number in range(rows):
        make_person(f"Someone {number}")
    with queries(3):  # person; how many; the page with whose each is
        assert "Someone 0" in text_of(root_browser.get("/admin/account/emailaddress/"))


@pytest.mark.parametrize("words", ["omar", "OMAR@example.edu", "Haddad", "%", "\\", "<script>"])
def test_people_are_found_by_name_username_and_address(rosa_browser, omar, words):
    page = rosa_browser.get(PEOPLE, {"q": words})
    assert page.status_code == 200
    assert ("Omar Haddad" in text_of(page, "#result_list" if "mar" in words.lower() else "")) == (
        words.lower().startswith(("omar", "haddad"))
    )


def test_new_person_gets_a_username_in_lower_case(root_browser):
    page = root_browser.get(f"{PEOPLE}add/")
    form = next(form for form in forms(page) if "username" in form.fields)
    sent = form.filled(
        username="Grace.H", name="Grace Hopper", email="grace@example.edu", password1="campus-demo-2026"
    ) | {"password2": ["campus-demo-2026"]}
    assert root_browser.post(f"{PEOPLE}add/", sent).status_code == 302
    assert User.objects.get(username="grace.h").name == "Grace Hopper"
    again = root_browser.post(f"{PEOPLE}add/", sent | {"email": ["other@example.edu"]})
    assert "already exists" in text_of(again)
    taken = root_browser.post(
        f"{PEOPLE}add/", sent | {"username": ["grace2"], "email": ["GRACE@example.edu"]}
    )
    assert taken.status_code == 200
    odd = root_browser.post(f"{PEOPLE}add/", sent | {"username": ["gr@ce"], "email": ["g@example.edu"]})
    assert "Use the letters a to z" in text_of(odd)


def test_person_made_by_staff_can_sign_in_after_confirming(root_browser, visitor, mailoutbox):
    sent = {"username": "Grace", "name": "Grace", "email": "grace@example.edu", "usable_password": "true"}
    root_browser.post(f"{PEOPLE}add/", sent | {"password1": PASSWORD, "password2": PASSWORD})
    answer = visitor.post("/accounts/login/", {"login": "GRACE", "password": PASSWORD})
    assert answer["Location"] == "/accounts/confirm-email/"
    assert [message.to for message in mailoutbox] == [["grace@example.edu"]]


def test_staff_cannot_make_themselves_more_than_they_are(rosa, rosa_browser):
    address = reverse("admin:accounts_user_change", args=[rosa.pk])
    page = rosa_browser.get(address)
    assert not parse(page).has("input#id_is_superuser")
    form = next(form for form in forms(page) if "email" in form.fields)
    rosa_browser.post(address, form.fields | {"is_superuser": ["on"], "name": ["Rosa L."]})
    rosa.refresh_from_db()
    assert rosa.name == "Rosa L."
    assert not rosa.is_superuser


def test_staff_cannot_take_the_account_of_other_staff(rosa_browser):
    root = make_person("Root", username="root", is_superuser=True, is_staff=True)
    address = reverse("admin:accounts_user_change", args=[root.pk])
    assert not parse(rosa_browser.get(address)).has("input#id_email")
    assert rosa_browser.post(address, {"email": "rosa2@example.edu"}).status_code == 403
    password = reverse("admin:auth_user_password_change", args=[root.pk])
    assert rosa_browser.get(password).status_code == 403
    assert rosa_browser.post(password, {"password1": PASSWORD, "password2": PASSWORD}).status_code == 403


def test_staff_cannot_give_an_address_of_theirs_to_other_staff(rosa, rosa_browser):
    root = make_person("Root", username="root", is_superuser=True, is_staff=True)
    rosa.user_permissions.set(Permission.objects.filter(content_type__app_label="account"))
    address = EmailAddress.objects.create(user=root, email="unproven@example.edu")
    sent = {"user": root.pk, "email": "rosa2@example.edu", "verified": "on"}
    assert rosa_browser.post(reverse("admin:account_emailaddress_add"), sent).status_code == 403
    changed = reverse("admin:account_emailaddress_change", args=[address.pk])
    assert rosa_browser.post(changed, sent).status_code == 403
    assert rosa_browser.get(changed).status_code == 200
    addresses = reverse("admin:account_emailaddress_changelist")
    rosa_browser.post(addresses, {"action": "make_verified", "_selected_action": [address.pk]})
    assert not EmailAddress.objects.filter(pk=address.pk, verified=True).exists()
    assert not EmailAddress.objects.filter(email="rosa2@example.edu").exists()


def test_staff_look_after_students(rosa_browser, ada):
    address = reverse("admin:accounts_user_change", args=[ada.pk])
    form = next(form for form in forms(rosa_browser.get(address)) if "email" in form.fields)
    assert rosa_browser.post(address, form.fields | {"name": ["Ada O."]}).status_code == 302
    ada.refresh_from_db()
    assert ada.name == "Ada O."


def test_every_page_of_the_admin_opens(root_browser):
    """Lists, with and without a search, and empty forms of every model that is registered."""
    for model, shown in admin.site._registry.items():
        place = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        assert root_browser.get(reverse(f"{place}_changelist")).status_code == 200
        assert root_browser.get(reverse(f"{place}_changelist"), {"q": "x"}).status_code == 200
        request = root_browser.get(reverse(f"{place}_changelist")).wsgi_request
        expected = 200 if shown.has_add_permission(request) else 403
        assert root_browser.get(reverse(f"{place}_add")).status_code == expected

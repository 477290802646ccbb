"""The back office: people, and who may do what to whom.

Staff sign in where everyone does, so that limits and verification hold for them as well.
"""

from typing import Any

from allauth.account.admin import EmailAddressAdmin as AllauthEmailAddressAdmin
from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from myapp.accounts.models import Department, User
from myapp.accounts.validators import username_validators

admin.site.site_header = admin.site.site_title = "EventMate"
admin.site.index_title = _("Administration")
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")


def _plain_username(form: forms.BaseForm) -> str:
    """Return the username in the one form in which signing in looks for it: lower case, and nothing unusual."""
    username: str = form.cleaned_data["username"].lower()
    for validate in username_validators:
        validate(username)
    return username


class PersonForm(UserChangeForm):
    """Change a person."""

    def clean_username(self) -> str:
        """Keep usernames in lower case."""
        return _plain_username(self)


class NewPersonForm(AdminUserCreationForm):
    """Add a person."""

    def clean_username(self) -> str:
        """Keep usernames in lower case."""
        self.cleaned_data["username"] = _plain_username(self)
        return super().clean_username()


class AddressInline(admin.TabularInline):
    """The addresses by which a person signs in."""

    model = EmailAddress
    extra = 0
    fields = ("email", "verified", "primary")


@admin.register(Department)
class DepartmentAdmin(admin.ModelAdmin):
    """Departments."""

    search_fields = ("name",)


@admin.register(User)
class PersonAdmin(UserAdmin):
    """People. Staff look after people; only a superuser hands out rights or touches those who have some."""

    form = PersonForm
    add_form = NewPersonForm
    list_display = ("username", "name", "email", "is_staff", "is_active", "last_login")
    list_filter = ("is_active", "is_staff", "groups")
    search_fields = ("username", "name", "email")
    ordering = ("username",)
    show_full_result_count = False
    inlines = (AddressInline,)
    readonly_fields = ("last_login", "date_joined")
    autocomplete_fields = ("department",)
    filter_horizontal = ("groups", "user_permissions")
    fieldsets = (
        (None, {"fields": ("username", "name", "email", "password", "is_active")}),
        (_("Studies"), {"fields": ("department", "year_of_study")}),
        (_("Rights"), {"fields": RIGHTS, "classes": ("collapse",)}),
        (_("Dates"), {"fields": ("date_joined", "last_login")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "name", "email", "usable_password", "password1", "password2")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Let only a superuser hand out rights: with them, `change_user` alone would be all of them."""
        fields = super().get_readonly_fields(request, obj)
        return fields if request.user.is_superuser else (*fields, *RIGHTS)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep staff from changing other staff: a new password would be their account."""
        return super().has_change_permission(request, obj) and self._may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep staff from deleting other staff."""
        return super().has_delete_permission(request, obj) and self._may_touch(request, obj)

    def _may_touch(self, request: HttpRequest, person: User | None) -> bool:
        acting: Any = request.user
        if person is None or acting.is_superuser or person.pk == acting.pk:
            return True
        return not (person.is_staff or person.is_superuser)

    def get_inlines(self, _request: HttpRequest, obj: Any) -> Any:
        """Show addresses of a person who is there already; allauth makes them for a new one."""
        return self.inlines if obj else ()


admin.site.unregister(EmailAddress)


@admin.register(EmailAddress)
class AddressAdmin(AllauthEmailAddressAdmin):
    """All addresses, to find out whose one is."""

    list_select_related = ("user",)
    search_fields = ("email", "user__username", "user__name")
    raw_id_fields = ()
    autocomplete_fields = ("user",)
    show_full_result_count = False

    # With these, staff could give themselves an address of a superuser, and then a new password by mail. An address of
    # somebody they look after is changed on that person's page, which knows whom they may touch.

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Keep staff from giving anyone an address."""
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's signature
        """Keep staff from changing whose an address is."""
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's signature
        """Keep staff from taking anyone's address."""
        return bool(request.user.is_superuser)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer allauth's "mark as verified", which asks for no right of its own, to superusers only."""
        return super().get_actions(request) if request.user.is_superuser else {}

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:  # noqa: ARG002 - Django's signature
        """Search by address and by person."""
        return self.search_fields

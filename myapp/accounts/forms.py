"""The forms of accounts: allauth's, in our words, and the profile."""

from typing import Any

from allauth.account import forms as allauth_forms
from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from myapp.accounts.models import User
from myapp.accounts.validators import clean_display_name


def _speak(form: forms.Form, **labels: Any) -> None:
    """Give the named fields our labels, and take every placeholder away: a label stays, a placeholder goes."""
    for name, label in labels.items():
        if name in form.fields:
            form.fields[name].label = label
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)


PASSWORD_RULE = _("At least 10 characters; not your name, and none of those that everybody uses.")


def _take_an_address(field: forms.Field) -> None:
    """Refuse an address that is longer than what is kept; allauth would cut it off."""
    field.validators.append(MaxLengthValidator(254))
    field.widget.attrs["maxlength"] = 254
    _type_plainly(field)


def _type_plainly(*fields: forms.Field) -> None:
    """Keep phones from capitalising or correcting what is typed into a field."""
    for field in fields:
        field.widget.attrs |= {"autocapitalize": "none", "autocorrect": "off", "spellcheck": "false"}


class LoginForm(allauth_forms.LoginForm):
    """Sign in by e-mail address or username."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Build allauth's form and put it in our words."""
        super().__init__(*args, **kwargs)
        _speak(self, login=_("E-mail or username"), password=_("Password"))
        self.fields["login"].widget.attrs |= {"autocomplete": "username", "maxlength": 254}
        self.fields["password"].help_text = ""  # the page itself has the link
        _type_plainly(self.fields["login"])


class SignupForm(allauth_forms.SignupForm):
    """Ask who they are, how to reach them, and how they will sign in."""

    name = forms.CharField(
        label=_("Name"),
        max_length=150,
        help_text=_("As others see it. It can be changed at any time."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ("name", "email", "username", "password1")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Build allauth's form and put it in our words."""
        super().__init__(*args, **kwargs)
        _speak(self, email=_("E-mail"), username=_("Username"), password1=_("Password"))
        self.fields["username"].help_text = _("Short, for signing in: letters, digits, dots and hyphens.")
        _take_an_address(self.fields["email"])
        _type_plainly(self.fields["username"])
        self.fields["password1"].help_text = PASSWORD_RULE

    def clean_name(self) -> str:
        """Put the name in order, or refuse what nobody could read."""
        return clean_display_name(self.cleaned_data["name"])


class AddEmailForm(allauth_forms.AddEmailForm):
    """Add an e-mail address to an account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Build allauth's form and put it in our words."""
        super().__init__(*args, **kwargs)
        _speak(self, email=_("Another e-mail address"))
        _take_an_address(self.fields["email"])


class ChangePasswordForm(allauth_forms.ChangePasswordForm):
    """Choose a new password, knowing the old one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Build allauth's form and put it in our words."""
        super().__init__(*args, **kwargs)
        _speak(
            self,
            oldpassword=_("Password now"),
            password1=_("New password"),
            password2=_("New password again"),
        )
        self.fields["oldpassword"].help_text = ""  # the page itself has the link
        self.fields["password1"].help_text = PASSWORD_RULE


class SetPasswordForm(allauth_forms.SetPasswordForm):
    """Choose a password where there was none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Build allauth's form and put it in our words."""
        super().__init__(*args, **kwargs)
        _speak(self, password1=_("New password"), password2=_("New password again"))
        self.fields["password1"].help_text = PASSWORD_RULE


class ResetPasswordForm(allauth_forms.ResetPasswordForm):
    """Ask for a way back in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Build allauth's form and put it in our words."""
        super().__init__(*args, **kwargs)
        _speak(self, email=_("E-mail"))
        _take_an_address(self.fields["email"])


class ResetPasswordKeyForm(allauth_forms.ResetPasswordKeyForm):
    """Choose a new password, having followed the link."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Build allauth's form and put it in our words."""
        super().__init__(*args, **kwargs)
        _speak(self, password1=_("New password"), password2=_("New password again"))
        self.fields["password1"].help_text = PASSWORD_RULE


class ReauthenticateForm(allauth_forms.ReauthenticateForm):
    """Say the password once more."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Build allauth's form and put it in our words."""
        super().__init__(*args, **kwargs)
        _speak(self, password=_("Password"))
        self.fields["password"].help_text = ""


class ProfileForm(forms.ModelForm):
    """What a person may change about themselves."""

    class Meta:
        model = User
        fields = ("name",)
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Require the name here, where the model forgives imports that bring none."""
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True

    def clean_name(self) -> str:
        """Put the name in order, or refuse what nobody could read."""
        return clean_display_name(self.cleaned_data["name"])

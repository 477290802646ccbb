"""Pages of one's own account; signing in and up are allauth's, mended where two people meet in the same second."""

from typing import Any

from allauth.account import views as allauth_views
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from myapp.accounts.forms import ProfileForm
from myapp.web.policies import private_page
from myapp.web.requests import SignedInRequest


@private_page(methods=("GET", "HEAD", "POST"))
def profile(request: SignedInRequest) -> HttpResponse:
    """Show the person's account and let them change their name."""
    form = ProfileForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("account_profile")
    return render(request, "account/profile.html", {"form": form}, status=422 if form.errors else 200)


class SignupView(allauth_views.SignupView):
    """Sign-up in one transaction: an account is there with its address and its mail, or not at all."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Make the account. Where somebody took the name or address since the form was checked, check it again."""
        try:
            with transaction.atomic():
                return super().form_valid(form)
        except IntegrityError:
            again = self.get_form_class()(**self.get_form_kwargs())
            return super().form_valid(again) if again.is_valid() else self.form_invalid(again)


class EmailView(allauth_views.EmailView):
    """The addresses of an account."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add, confirm, remove or prefer an address; none that another account holds can become the main one."""
        try:
            with transaction.atomic():
                return super().post(request, *args, **kwargs)
        except IntegrityError:
            messages.error(request, _("This address belongs to another account."))
            return redirect("account_email")


class ConfirmEmailView(allauth_views.ConfirmEmailView):
    """The page behind the link in a mail."""

    def get_redirect_url(self) -> str:
        """Lead on; who opened the link in another browser signs in first, and is then led on."""
        if self.request.user.is_authenticated:
            return super().get_redirect_url()
        return self.passthrough_next_url(reverse("account_login"))

"""What somebody wants to be told: one's own page, and the page behind "unsubscribe" in a mail."""

from __future__ import annotations

import base64
import logging

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from myapp.accounts.models import User
from myapp.notify import actions, links, push
from myapp.notify.forms import DeviceForm, PreferencesForm
from myapp.notify.models import Device
from myapp.notify.queries import preferences_of
from myapp.notify.signing_out import remember_device
from myapp.web.policies import link_page, private_page, public_page
from myapp.web.requests import SignedInRequest

logger = logging.getLogger(__name__)


@private_page(methods=("GET", "HEAD", "POST"))
def preferences(request: SignedInRequest) -> HttpResponse:
    """Show what the person is told, and let them choose."""
    user = request.user
    form = PreferencesForm(request.POST or None, chosen=preferences_of(user.pk), language=user.language)
    if request.method == "POST" and form.is_valid():
        _save(form, user)
        messages.success(request, _("Saved."))
        return redirect("notify:preferences")
    context = {"form": form, "devices": Device.objects.filter(user=user).order_by("pk"), "key": _public_key()}
    return render(request, "notify/preferences.html", context, status=422 if form.errors else 200)


def _save(form: PreferencesForm, user: User) -> None:
    """Save all that was chosen, or nothing."""
    with transaction.atomic():
        for group, mail, by_push in form.choices():
            actions.choose(group, mail=mail, push=by_push, acting_user=user)
        if user.language != form.cleaned_data["language"]:
            user.language = form.cleaned_data["language"]
            user.save(update_fields=["language"])


def _public_key() -> str:
    """Return the key that browsers subscribe with; "" where it cannot be read: then the page offers no push."""
    try:
        return base64.urlsafe_b64encode(push.public_key()).rstrip(b"=").decode()
    except (OSError, ValueError, TypeError):
        logger.exception("The key for web push cannot be read")
        return ""


@private_page(methods=("POST",))
def add_device(request: SignedInRequest) -> HttpResponse:
    """Send pushes to this browser until somebody signs out there."""
    form = DeviceForm(request.POST)
    answer = redirect("notify:preferences")
    if form.is_valid():
        remember_device(answer, actions.add_device(**form.cleaned_data, acting_user=request.user))
        messages.success(request, _("This browser now shows what is new, until you sign out here."))
    else:
        messages.error(request, _("This browser gave no address that we could send to. Try another one."))
    return answer


@private_page(methods=("POST",))
def remove_device(request: SignedInRequest, pk: int) -> HttpResponse:
    """Send no more pushes to a browser."""
    actions.remove_device(pk, acting_user=request.user)
    messages.success(request, _("This browser shows nothing any more."))
    return redirect("notify:preferences")


# Mailboxes send the POST themselves when somebody presses their button (RFC 8058): without cookies, so without a token
# against forgery. What is signed in the address is the proof, and whoever has it may do no more than this.
@link_page(methods=("GET", "HEAD", "POST"))
@csrf_exempt
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Switch a group of mails off, or on again, for whoever holds the link; looking at it changes nothing."""
    asked = links.read_stop(token)
    if asked is None or (asked.user_id is not None and not User.objects.filter(pk=asked.user_id).exists()):
        raise Http404(_("This link is not complete. Copy all of it from the mail."))
    is_told = request.method == "POST"
    wanted = "again" in request.POST
    if is_told:
        actions.set_mails(asked, wanted=wanted)
    context = {"group": asked.group.label, "is_told": is_told, "wanted": wanted, "has_account": asked.user_id}
    return render(request, "notify/stop.html", context)


@public_page(keep=3600)
def worker(_request: HttpRequest) -> HttpResponse:
    """Serve the script that shows pushes: from the site's root, and always under this name, as browsers want it."""
    return HttpResponse(push.worker_script(), content_type="text/javascript; charset=utf-8")

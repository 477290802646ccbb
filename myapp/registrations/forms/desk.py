"""The desk itself as a form: where one registers, how many places, and what becomes of those that come free."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.forms.utils import ErrorDict
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy as _

from myapp.registrations.models import Desk, Mode, Way

MOST_PLACES = 100_000
MOST_HOURS = 24 * 14


def moment_input() -> forms.DateTimeInput:
    """Return a field for a day and an hour, which browsers fill in by their own picker."""
    return forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})


class ShownAgain(forms.ModelForm):
    """A form that may be shown as somebody typed it, without a word about what is still missing."""

    is_only_shown = False

    def full_clean(self) -> None:
        """Check what was typed, unless it is only shown again."""
        if self.is_only_shown:
            self._errors, self.cleaned_data = ErrorDict(), {}
        else:
            super().full_clean()


class DeskForm(ShownAgain):
    """What is asked of the desk. Where one does not register here, nothing but the way is read."""

    way = forms.ChoiceField(
        label=_("How do people register?"),
        choices=[
            (Way.NONE, _("Not at all: people just come")),
            (Way.HERE, _("Here")),
            (Way.ELSEWHERE, _("On another site")),
        ],
        widget=forms.RadioSelect,
    )
    mode = forms.ChoiceField(label=_("Who gets a place?"), choices=Mode, widget=forms.RadioSelect)
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=32)

    class Meta:
        model = Desk
        fields = [
            *("way", "url", "mode", "draw_at", "capacity", "promotion", "offer_hours", "agree_hours"),
            *("cancel_until", "can_hand_on", "without_account", "release_minutes", "strikes"),
        ]
        widgets = {
            "promotion": forms.RadioSelect,
            "draw_at": moment_input(),
            "cancel_until": moment_input(),
        }
        labels = {
            "url": _("Address of the other site"),
            "capacity": _("How many places are there?"),
            "draw_at": _("When is the draw?"),
            "promotion": _("When a place comes free while people wait"),
            "offer_hours": _("Hours to accept an offer"),
            "agree_hours": _("Nobody is moved up unasked from so many hours before the start"),
            "cancel_until": _("People can cancel until"),
            "can_hand_on": _("A ticket may be handed on to somebody else"),
            "without_account": _("People without an account may register by e-mail"),
            "release_minutes": _("Minutes after the start when empty places go to the queue at the door"),
            "strikes": _("Not coming, without cancelling, counts as a strike"),
        }
        help_texts = {
            "draw_at": _(
                "Nobody can enter any more from then on. It is done by itself, and everybody can check it."
            ),
            "offer_hours": _("Near the start it is less: a quarter of the time that is left."),
            "agree_hours": _(
                "From then on the place is offered, and goes on to the next if it is not accepted."
            ),
            "strikes": _(
                "A strike ends after six months and can be appealed. Whoever has three takes free places of such events only in the last 24 hours before the start."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Read the way first: what does not matter for it is neither checked nor changed."""
        super().__init__(*args, **kwargs)
        self.fields["capacity"].validators.append(MaxValueValidator(MOST_PLACES))
        for name in ("offer_hours", "agree_hours"):
            self.fields[name].validators.append(MaxValueValidator(MOST_HOURS))
        self.fields["release_minutes"].validators.append(MaxValueValidator(600))
        if self.is_bound:
            way = self.data.get(self.add_prefix("way"))
            matters: dict[Any, set[str]] = {
                Way.HERE: set(self.fields) - {"url"},
                Way.ELSEWHERE: {"way", "url", "seen"},
            }
            for name in set(self.fields) - matters.get(way, {"way", "seen"}):
                self.fields[name].disabled = True

    def clean_url(self) -> str:
        """An address is needed where one registers elsewhere."""
        url: str = self.cleaned_data["url"]
        if self.cleaned_data.get("way") == Way.ELSEWHERE and not url:
            raise ValidationError(_("Say at which address people register."), code="required")
        return url

    def clean_offer_hours(self) -> int:
        """An offer that has run out when it is made is none."""
        hours: int = self.cleaned_data["offer_hours"]
        if hours < 1:
            raise ValidationError(_("Give people an hour at least."), code="too_short")
        return hours

    def clean_draw_at(self) -> dt.datetime | None:
        """A draw needs a time, before the event and, where it is set anew, to come."""
        at: dt.datetime | None = self.cleaned_data["draw_at"]
        if self.cleaned_data.get("mode") != Mode.LOTTERY:
            return None
        if at is None:
            raise ValidationError(_("Say when the draw is."), code="required")
        if at >= self.instance.event.starts_at:
            raise ValidationError(_("The draw must be before the event starts."), code="late")
        if "draw_at" in self.changed_data and at <= timezone.now():
            raise ValidationError(_("That is over already."), code="past")
        return at

    def clean_cancel_until(self) -> dt.datetime | None:
        """After the event nobody can be let off."""
        until: dt.datetime | None = self.cleaned_data["cancel_until"]
        if until and until > self.instance.event.ends_at:
            raise ValidationError(gettext("The event is over by then."), code="late")
        return until

    @property
    def is_here(self) -> bool:
        """Whether people are to register here; for a form that is valid."""
        return self.cleaned_data.get("way") == Way.HERE

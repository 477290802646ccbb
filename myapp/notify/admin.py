"""The back office: what was told to whom, what became of it, and sending it again. Nobody writes or changes a message here."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _, ngettext

from myapp.notify import kinds, outbox
from myapp.notify.models import Ending, Message

FAILED = (Ending.REFUSED, Ending.BROKEN, Ending.TIRED)


class StateFilter(admin.SimpleListFilter):
    """What became of a message."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """Return the states."""
        return [
            ("waiting", _("waiting")),
            ("sent", _("sent")),
            ("failed", _("failed")),
            ("left", _("not sent")),
        ]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        """Narrow the list to a state."""
        match self.value():
            case "waiting":
                return queryset.filter(sent_at=None, given_up_at=None)
            case "sent":
                return queryset.filter(sent_at__isnull=False)
            case "failed":
                return queryset.filter(given_up_at__isnull=False, ending__in=FAILED)
            case "left":
                return queryset.filter(given_up_at__isnull=False).exclude(ending__in=FAILED)
        return queryset


class KindFilter(admin.SimpleListFilter):
    """Of which kind a message is; the register knows them without a look at the table."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        """Return the kinds there are."""
        return [(kind.name, kind.name.replace("_", " ")) for kind in kinds.every_kind()]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        """Narrow the list to a kind."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Message)
class MessageAdmin(admin.ModelAdmin):
    """The log of the outbox."""

    list_display = ("kind", "to", "channel", "state", "created_at", "due_at", "sent_at", "attempts", "error")
    list_filter = (StateFilter, KindFilter, "channel")
    list_select_related = ("user",)
    search_fields = ("email", "user__email", "user__username", "cause")
    ordering = ("-created_at",)
    show_full_result_count = False
    actions = ("send_again",)
    fields = (
        *("kind", "to", "channel", "device", "language", "about", "cause", "state", "created_at", "due_at"),
        *("paused_until", "sent_at", "given_up_at", "attempts", "last_error"),
    )
    readonly_fields = fields

    @admin.display(description=_("to"))
    def to(self, message: Message) -> str:
        """Return who gets it."""
        return message.address or str(message.user or "")

    @admin.display(description=_("state"))
    def state(self, message: Message) -> str:
        """Return what became of it."""
        if message.sent_at:
            return str(_("sent"))
        return str(Ending(message.ending).label) if message.ending else str(_("waiting"))

    @admin.display(description=_("last error"))
    def error(self, message: Message) -> str:
        """Return the beginning of what went wrong last."""
        return message.last_error[:120]

    @admin.action(description=_("Send again"), permissions=["send_again"])
    def send_again(self, request: HttpRequest, chosen: QuerySet[Message]) -> None:
        """Send the chosen messages again, those that failed and those that arrived nowhere."""
        count = outbox.send_again(chosen)
        told = ngettext("%d message will be sent again.", "%d messages will be sent again.", count) % count
        self.message_user(request, told, messages.SUCCESS if count else messages.WARNING)

    def has_send_again_permission(self, request: HttpRequest) -> bool:
        """Let those send again who may change messages, if there was anything to change in them."""
        return request.user.has_perm("notify.change_message")

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Leave telling to the actions."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Leave the log as it is."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Keep the log until its time is over; with an account, its messages go as well."""
        return False

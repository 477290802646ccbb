"""The back office: buildings and rooms."""

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from myapp.venues.models import Building, Room


@admin.register(Building)
class BuildingAdmin(admin.ModelAdmin):
    """Buildings, and how many rooms each has."""

    list_display = ("name", "code", "address", "step_free", "room_count")
    list_filter = ("step_free",)
    search_fields = ("name", "code", "address")
    prepopulated_fields = {"slug": ("name",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Building]:
        """Count the rooms along."""
        buildings: QuerySet[Building] = super().get_queryset(request).annotate(rooms_counted=Count("rooms"))
        return buildings

    @admin.display(description=_("rooms"), ordering="rooms_counted")
    def room_count(self, building: Building) -> str:
        """Return how many rooms it has, as the way to them."""
        rooms = f"{reverse('admin:venues_room_changelist')}?building__id__exact={building.pk}"
        counted = building.rooms_counted  # type: ignore[attr-defined]
        return format_html('<a href="{}">{}</a>', rooms, counted)


@admin.register(Room)
class RoomAdmin(admin.ModelAdmin):
    """Rooms."""

    list_display = ("label", "building", "kind", "floor", "capacity", "step_free")
    list_filter = ("kind", "step_free", "building")
    list_select_related = ("building",)
    search_fields = ("label", "name", "building__name", "building__code")
    autocomplete_fields = ("building",)
    prepopulated_fields = {"slug": ("label",)}

"""The table of contents: one include per room."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []

handler400 = "myapp.web.errors.bad_request"
handler403 = "myapp.web.errors.permission_denied"
handler404 = "myapp.web.errors.page_not_found"
handler500 = "myapp.web.errors.server_error"

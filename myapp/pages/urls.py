"""Addresses of what EventMate says about itself, to people and to search engines; names are `pages:…`."""

from django.urls import path

from myapp.pages import views

app_name = "pages"

urlpatterns = [
    path("about/", views.about, name="about"),
    path("help/", views.help_page, name="help"),
    # for search engines
    path("robots.txt", views.robots, name="robots"),
    path("sitemap.xml", views.sitemap, name="sitemap"),
    path("sitemap-<slug:name>.xml", views.sitemap_section, name="sitemap_section"),
]

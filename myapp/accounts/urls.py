"""Under /accounts/: one's own page, our versions of three of allauth's, and the rest of allauth's."""

from django.urls import include, path, re_path

from myapp.accounts import views

# No namespace: allauth looks its pages up by these names.
urlpatterns = [
    path("", views.profile, name="account_profile"),
    path("signup/", views.SignupView.as_view(), name="account_signup"),
    path("email/", views.EmailView.as_view(), name="account_email"),
    re_path(
        r"^confirm-email/(?P<key>[-:\w]+)/$", views.ConfirmEmailView.as_view(), name="account_confirm_email"
    ),
    path("", include("allauth.account.urls")),
]

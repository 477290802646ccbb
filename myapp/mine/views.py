"""The islands: what public pages show of the person who looks at them.

Each is asked for only by browsers that carry the hint cookie, so its usual reader is signed in.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from myapp.web.policies import island


@island
def shell(request: HttpRequest) -> HttpResponse:
    """Answer with the person's menu for the bar, and what they are to be told; the sign-in link for a visitor.

    One query, for the person; the session comes from the cache. The hint cookie of a session that is gone is deleted
    on the way out.
    """
    return render(request, "mine/shell.html")

"""The people with whom the demo campus is tried out, and where they belong."""

from myapp.accounts.models import User
from myapp.events.models import Membership, Organisation, Role
from myapp.testing.people import ADA, CAST, OMAR, PRIYA, Person, hashed, make_account

ORGANISED = {"observatory-society": OMAR, "robotics-workshop": PRIYA}
JOINED = {
    "observatory-society": (ADA, PRIYA),
    "robotics-workshop": (ADA,),
    "film-society": (ADA, OMAR),
    "climbing-and-mountaineering-club": (ADA,),
}


def strangers() -> list[str]:
    """Return the usernames of the cast that belong to somebody else here; one query."""
    theirs = User.objects.filter(username__in=[person.username for person in CAST])
    emails = {person.username: person.email for person in CAST}
    return sorted(user.username for user in theirs if user.email.lower() != emails[user.username])


def give_accounts(organisations: dict[str, Organisation]) -> None:
    """Make the accounts of the cast, or set the passwords they have back; put them into the organisations by slug."""
    users = {person: _account(person) for person in CAST}
    memberships = [
        Membership(organisation=organisations[slug], user=users[person], role=Role.ORGANISER)
        for slug, person in ORGANISED.items()
    ] + [
        Membership(organisation=organisations[slug], user=users[person], role=Role.MEMBER)
        for slug, people in JOINED.items()
        for person in people
    ]
    Membership.objects.bulk_create(memberships)


def _account(person: Person) -> User:
    """Return the person's account as the demo campus promises it."""
    user = User.objects.filter(username=person.username).first()
    if user is None:
        return make_account(person)
    user.password = hashed()
    user.is_active = True
    user.save(update_fields=["password", "is_active"])
    return user

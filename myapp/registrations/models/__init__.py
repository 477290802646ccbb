"""Who is coming: desks, ticket types, questions, registrations and their log."""

from myapp.registrations.models.desk import (
    Audience,
    Desk,
    Mode,
    Promotion,
    Question,
    QuestionKind,
    TicketType,
    Way,
)
from myapp.registrations.models.draws import Draw
from myapp.registrations.models.feedback import LONGEST_FEEDBACK, MOST_STARS, Feedback
from myapp.registrations.models.handing_on import HandOn
from myapp.registrations.models.looks import Look
from myapp.registrations.models.registrations import (
    LIVE,
    WITH_PLACE,
    Because,
    LogEntry,
    Registration,
    State,
)
from myapp.registrations.models.strikes import Strike

__all__ = [
    "LIVE",
    "LONGEST_FEEDBACK",
    "MOST_STARS",
    "WITH_PLACE",
    "Audience",
    "Because",
    "Desk",
    "Draw",
    "Feedback",
    "HandOn",
    "LogEntry",
    "Look",
    "Mode",
    "Promotion",
    "Question",
    "QuestionKind",
    "Registration",
    "State",
    "Strike",
    "TicketType",
    "Way",
]

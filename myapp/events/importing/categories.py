"""Which of our ten categories an event of another system belongs to.

Other systems have hundreds of tags and no two the same ones. The table below is short on purpose: a word that is not in
it means nothing, and an event whose words mean nothing is "other", which is no shame. Tags are asked first, in their
order; then the title, whose words say less.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from myapp.events.models import Category

_WORDS = {
    Category.TALK: """talk talks lecture lectures keynote keynotes seminar seminars colloquium symposium conference
        panel plenary speaker webinar conférence vortrag charla""",
    Category.WORKSHOP: """workshop workshops tutorial tutorials training course bootcamp hackathon hackathons class
        classes sprint atelier seminario craft hands-on""",
    Category.ARTS: """art arts music concert theatre theater film movie movies exhibition dance gallery performance
        performances poetry acapella choir orchestra recital""",
    Category.SPORT: """sport sports fitness run race match tournament yoga climbing swimming football soccer rugby
        basketball tennis hiking athletics intramural""",
    Category.CAREER: """career careers job jobs recruiting recruitment internship internships employer networking
        interview résumé resume""",
    Category.SOCIAL: """social socials party food games game mixer meetup breakfast lunch dinner picnic barbecue bbq
        snack snacks board-games open-space break festival""",
    Category.CULTURE: """culture cultural heritage religious religion diwali eid hanukkah international language
        languages faith multicultural""",
    Category.WELLBEING: """wellbeing well-being wellness health mindfulness meditation counselling counseling therapy
        support""",
    Category.VOLUNTEERING: """volunteer volunteers volunteering service charity fundraiser fundraising donation
        outreach cleanup""",
}
_CATEGORY = {word: category for category, words in _WORDS.items() for word in words.split()}
_WORD = re.compile(r"[\w-]+")


def category_of(tags: Iterable[str], title: str) -> Category:
    """Return the category that the first telling word stands for."""
    for text in (*tags, title):
        for word in _WORD.findall(text.casefold()):
            if word in _CATEGORY:
                return _CATEGORY[word]
    return Category.OTHER

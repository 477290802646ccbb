"""Puts an event's description together from paragraphs, and renders each paragraph once."""

import random
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from myapp.demo.bank import Bank, Format, OrganisationSpec, Topic, Weekly
from myapp.web import markdown

# Tags that would contradict each other on one event
_CONFLICTS = (
    {"bar", "alcohol-free"},
    {"bar", "alcohol-free bar"},
    {"vegan", "halal"},
    {"free food", "bring your lunch"},
    {"free food", "bring a dish"},
    {"free entry", "pay what you can"},
    {"relaxed seating", "relaxed performance"},
    {"small group", "open to the public"},
    {"drop in", "small group"},
    {"hot drinks", "free coffee"},
)
# Tags that only some organisations' events may have
_NEEDS = {"bring a laptop": "technology", "kit provided": "sport"}
_TAGS_IN_ANY_LANGUAGE = ("free entry", "beginners welcome", "refreshments", "step-free")


class Text(NamedTuple):
    """A description as Markdown, as sanitised HTML, and as plain words."""

    markdown: str
    html: str
    words: str


class Host(NamedTuple):
    """Who speaks or leads, and who they are: `{speaker}, {voice}`."""

    name: str
    voice: str


@cache
def _rendered(paragraph: str) -> tuple[str, str]:
    html = str(markdown.to_html(paragraph))
    return html, markdown.to_text(html)


def join(paragraphs: list[str], **words: str) -> Text:
    """Return the paragraphs as one text, with `{speaker}` and the like filled in.

    Equal to rendering the whole, at a fraction of the price: a paragraph stands in many texts and is rendered once,
    before names are put in. Names must need no escaping.
    """
    rendered = [_rendered(paragraph) for paragraph in paragraphs]
    text = Text(
        "\n\n".join(paragraphs),
        "".join(html for html, _ in rendered),
        " ".join(plain for _, plain in rendered),
    )
    for word, value in words.items():
        slot = "{" + word + "}"
        text = Text(*(part.replace(slot, value) for part in text))
    return text


def organisation_words(spec: OrganisationSpec, name: str) -> dict[str, str]:
    """Return what `{org}` and, where a sentence begins, `{Org}` stand for."""
    if spec.the:
        return {"org": f"the {name}", "Org": f"The {name}"}
    return {"org": name, "Org": name}


def choose_tags(chance: random.Random, kind: Format, spec: OrganisationSpec, language: str) -> list[str]:
    """Return one to four tags that go together."""
    offered: Sequence[str] = kind.tags if language == "en" else _TAGS_IN_ANY_LANGUAGE
    offered = [tag for tag in offered if tag not in _NEEDS or _NEEDS[tag] in spec.tags]
    chosen: list[str] = []
    for tag in chance.sample(offered, min(len(offered), chance.choice([1, 1, 2, 2, 3]))):
        if not any(tag in pair and pair & set(chosen) for pair in _CONFLICTS):
            chosen.append(tag)
    if chance.random() < 0.45:
        chosen.append(spec.tags[0])
    return list(dict.fromkeys(chosen))


def describe_topic(
    chance: random.Random, bank: Bank, topic: Topic, tags: list[str], *, brief: bool
) -> list[str]:
    """Return two to four paragraphs that belong to a topic; two short ones where `brief`."""
    if brief and topic.language == "en":
        return [topic.hook, chance.choice(topic.format.opening)]
    if topic.language != "en":
        language = bank.languages[topic.language]
        return [topic.hook, chance.choice(language.opening), chance.choice(language.middle)]
    return [topic.hook, *_about(chance, bank, topic.format, tags)]


def describe_series(
    chance: random.Random, bank: Bank, weekly: Weekly, theme: str, tags: list[str], *, brief: bool
) -> list[str]:
    """Return three or four paragraphs for one meeting of a series; two short ones where `brief`."""
    first = [weekly.hook, f"This time: **{theme}**."]
    return first if brief else [*first, *_about(chance, bank, weekly.format, tags)[:2]]


def _about(chance: random.Random, bank: Bank, kind: Format, tags: list[str]) -> list[str]:
    """What any event of its kind may say: who leads it and how it goes, perhaps a list, perhaps what its tags promise."""
    paragraphs = [f"{chance.choice(kind.opening)} {chance.choice(kind.middle)}"]
    if chance.random() < 0.45:
        paragraphs.append(chance.choice(kind.list))
    promises = " ".join(bank.promises[tag] for tag in tags if tag in bank.promises)
    if promises and chance.random() < 0.8:
        paragraphs.append(promises)
    return paragraphs

"""Every calendar of the corpus in one go: imported, or refused with a sentence; no crash, no hang."""

import json
import time

from myapp.events.importing import icalendar_files, reading, texts
from myapp.events.importing.items import Refused
from myapp.events.importing.tests.reading_of import calendar, options
from myapp.testing.needs import needs_shared_data


def test_whole_corpus_is_read_or_refused():
    taken = refused = silent = 0
    sentences: list[str] = []
    slowest = (0.0, "")
    paths = sorted(needs_shared_data("ics-corpus").glob("*/*.ics*"))
    for path in paths:
        began = time.process_time()
        try:
            parsed = reading.parse(reading.load(str(path)), options())
        except Refused as error:
            sentences.append(str(error))
            refused += 1
        else:
            taken += bool(parsed.events)
            silent += not parsed.events and not parsed.skipped
            assert all(reason.strip() for _where, reason in (*parsed.skipped, *parsed.remarks))
        slowest = max(slowest, (time.process_time() - began, path.name))
    assert len(paths) == 442
    assert silent == 0
    assert all(sentence.endswith(".") for sentence in sentences)
    assert not [sentence for sentence in sentences if "log says why" in sentence]
    assert slowest[0] < 5, slowest
    assert taken > 200
    assert refused < 30


def test_naughty_strings_come_back_as_titles_and_places():
    naughty = json.loads(needs_shared_data("naughty-strings", "blns.json").read_text("utf-8"))
    events = []
    for number, text in enumerate(naughty):
        escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace(",", "\\,").replace(";", "\\;")
        escaped = escaped.replace("\r", "\\n")
        events.append(f"UID:{number}\nDTSTART:20261120T120000Z\nSUMMARY:{escaped}\nLOCATION:{escaped}")
    raw = calendar("UID:x\nDTSTART:20261120").replace(
        b"UID:x\nDTSTART:20261120", b"\nEND:VEVENT\nBEGIN:VEVENT\n".join(one.encode() for one in events)
    )
    parsed = icalendar_files.read(raw, options())
    assert len(parsed.events) == len(naughty)
    for text, found in zip(naughty, parsed.events, strict=True):
        assert found.title == (texts.one_line(text, 200) or "Untitled event")
        assert found.place == texts.one_line(text, 300)

"""Events of other systems, read from files and feeds.

A file goes from left to right, and each step can be read without the next::

    fetch ─┐
           reading ── encodings ── components ── event_components ── recurrence ── items ── writing
    file ──┘             └──────── csv_files ──────────────────────────────────────┘

Everything before ``writing`` is pure: bytes in, :class:`~myapp.events.importing.items.Parsed` out, no database.
"""

"""A job that the worker does not know is one that nobody does."""

from __future__ import annotations

from django.conf import settings

from myapp.testing.needs import ROOT


def test_the_worker_knows_every_module_of_jobs() -> None:
    written = {f"myapp.{path.parent.name}.jobs" for path in (ROOT / "myapp").glob("*/jobs.py")}

    assert len(written) > 3
    assert written <= set(settings.PROCRASTINATE_IMPORT_PATHS)

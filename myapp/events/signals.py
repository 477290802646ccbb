"""What happened, for whoever stands above: named in the past tense."""

from django.dispatch import Signal

# Sent after commit with `events`, the ones whose public face may have changed.
events_changed = Signal()

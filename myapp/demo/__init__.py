"""The demo campus: generated, deterministic, relative to today."""

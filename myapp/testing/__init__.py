"""The cast, factories and helpers that tests share."""

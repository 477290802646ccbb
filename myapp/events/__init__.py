"""What is on: organisations, events, series, search, calendars."""

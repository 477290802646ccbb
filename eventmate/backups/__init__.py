"""Backups, and the proof that they can be restored.

A backup is a folder named by its moment, which appears whole or not at all:

    20261121T031500Z/
        manifest.json         what was in it: rows of each table, files with their SHA-256, versions
        database.dump         pg_dump's custom format, for pg_restore
        media.jsonl           one line a picture: name, bytes, SHA-256

With BACKUP_RECIPIENT the last two end in `.age` and only who holds the private key can read them. Beside the backups lie
last-backup.json and last-drill.json, for /metrics and `manage.py doctor`. docs/backups.md is for operators.
"""

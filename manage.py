#!/usr/bin/env python3
"""Django's command line for EventMate: `python manage.py help` lists what it can do."""

import os
import sys


def main() -> None:
    """Run the management command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eventmate.settings")
    from eventmate.clone import settle

    settle()
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except (
        ImproperlyConfigured
    ) as error:  # a sentence on a variable: whoever set it is helped by no traceback
        sys.exit(f"The settings are wrong: {error}")


if __name__ == "__main__":
    main()

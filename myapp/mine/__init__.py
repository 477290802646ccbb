"""The personal islands: one person's small fragments, all under /_mine/."""

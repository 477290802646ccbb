"""How events look over HTTP: thin views, one file per kind of page."""

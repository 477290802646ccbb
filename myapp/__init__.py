"""The product, one Django app per room.

*People* (`accounts`), at *venues*, see *events*; what is one person's alone comes from `mine`. `web` is how all of
them speak HTTP. Imports point one way, each app may import those before it:

    web <- accounts <- venues <- events <- mine, pages <- demo

Inside an app: models -> queries -> actions -> forms -> views; `rules` reads models and queries.
docs/architecture.md is the page to read first.
"""

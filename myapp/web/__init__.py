"""How we speak HTTP: page kinds, the public-page guard, middleware, pagination. Knows nothing of events."""

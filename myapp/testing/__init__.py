"""What tests share.

- `people`: the cast, five persons with whom every story is told
- `factories`: rows with sensible defaults, one function a model
- `html`: questions to a page: its links, its forms, the words of a part
- `queries`: counts of queries, and the 1-and-3 rule for lists
- `fixtures`: the cast and two clubs as pytest fixtures (a plugin; the only module here that knows pytest's fixtures)
"""

"""What is wrong with this installation, in plain sentences, each with what to do about it.

`manage.py doctor` (in the path as `eventmate doctor`) runs every examination of `examinations.EXAMINATIONS`; one that fails
itself is a finding. Nothing is changed, nothing is sent, no secret is printed.
"""

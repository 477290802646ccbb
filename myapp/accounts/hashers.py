"""How passwords are kept: dear to guess, and cheap enough that a thousand people can sign in at nine o'clock.

Django's default, 1,000,000 rounds of PBKDF2, takes 0.3 s of a core for each sign-in, and the worker answers nobody
meanwhile: two cores let in six people a second. Argon2id with the numbers of OWASP's Password Storage Cheat Sheet (19 MiB, two
passes, one lane) takes 0.03 s, and its memory is what makes it dear on the graphics cards that guess. Until the people of
older accounts have signed in once, the longer wait after a wrong password tells that there is such an account.
"""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2id(Argon2PasswordHasher):
    """Django's hasher, with less than its 100 MiB and eight lanes: a worker has 130 MB."""

    time_cost = 2
    memory_cost = 19 * 1024  # KiB
    parallelism = 1

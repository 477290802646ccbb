"""What can go wrong, said so that a newcomer knows what to do next."""


class ServiceError(Exception):
    """A service could not be found, started or reached; the message is for the person at the keyboard."""

"""Promises of the whole product, not of one app."""

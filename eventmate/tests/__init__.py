"""Tests of how the project is configured."""

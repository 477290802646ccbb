"""Tests of how we speak HTTP. They bring their own URLs."""

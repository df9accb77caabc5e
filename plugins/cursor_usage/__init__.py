"""Cursor seats and usage, from the Admin API into a warehouse."""

__version__ = "0.1.0"

"""Accounts, as a list."""

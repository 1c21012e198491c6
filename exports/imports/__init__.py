"""Importing a file: whose its rows are, what it would change, the questions it leaves open, and the deed."""

"""Findings and duplicates as files, and the jobs of their desks."""

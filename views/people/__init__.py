"""Accounts: one's own, the area's, and those who ask for one."""

"""Checks (กฎตรวจสอบ) and what they find: rules, findings, duplicates."""

"""The reports of equipment."""

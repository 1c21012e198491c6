"""Files of buildings: their reports, and the ministry's list."""

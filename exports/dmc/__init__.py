"""Files of pupils: the ministry's roster and reports, rooms, class lists, other systems' sums."""

"""Pages of pupils: reports, class lists, moves, numbers, the year's end."""

"""DMC, pupils one by one (นักเรียนรายบุคคล): records, checks, moves, results, counts and reports."""

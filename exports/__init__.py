"""Records to a workbook and back: what is read, planned, written and reported."""

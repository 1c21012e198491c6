"""The files of a round: its workbook, the ministry package, papers and letters."""

"""Workbooks, CSV and papers, as every part of the product makes them: columns, cells, zips, layouts."""

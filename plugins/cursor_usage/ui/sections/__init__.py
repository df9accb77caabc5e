"""The parts of the page, one a file: each turns queries on the published marts into a section.

A module has ``make(marts, choice) -> Section`` and its tables' queries, which the CSVs share with it.
"""

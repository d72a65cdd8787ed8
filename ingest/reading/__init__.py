"""Reading a delivered CSV file, strictly and in one pass, into the rows that land."""

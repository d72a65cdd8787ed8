"""A batch from its trigger to its archive: landing, what is pending, the log, the error rows."""

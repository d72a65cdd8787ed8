"""What the pipeline costs, beside others that do the same work: `make bench`."""

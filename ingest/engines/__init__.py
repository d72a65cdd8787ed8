"""What works behind the Spark session: one module for each engine, and how one is chosen."""

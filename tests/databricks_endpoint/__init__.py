"""A Databricks SQL warehouse for tests: real protocol, real adapter, local Spark behind it."""

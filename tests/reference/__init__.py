"""An independent reference implementation of the pipeline specification (see README.md)."""

"""Alerts: what a run has found that somebody should know, by webhook or e-mail."""

"""Ingestion: lands the daily CSV batches and drives the dbt build."""

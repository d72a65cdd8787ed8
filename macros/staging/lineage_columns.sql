{#- Where a row comes from: the columns that ingest adds to each. -#}
{% macro lineage_columns() -%}
    {{ return(['_batch_id', '_batch_date', '_source_file', '_file_sha256', '_row_number', '_landed_at']) }}
{%- endmacro %}

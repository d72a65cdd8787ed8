{#- Called when a snapshot is done. dbt drops its changes, in a view; those in a table stay (spark_build_snapshot_staging_table.sql). -#}
{% macro spark__post_snapshot(staging_relation) %}
    {%- if target.type == 'databricks' -%}
        {%- do adapter.drop_relation(staging_relation) -%}
    {%- endif -%}
{% endmacro %}

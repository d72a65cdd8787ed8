{#-
    dbt-spark keeps a snapshot's changes as a view, which a MERGE evaluates more than once, each time with the whole target in
    it. As a table they are found once. It stays until the next batch: on Sail a table that is dropped leaves its files behind.
-#}
{% macro spark_build_snapshot_staging_table(strategy, sql, target_relation) -%}
    {%- set changes = pipeline_relation('targets', target_relation.identifier ~ '__dbt_tmp') -%}
    {%- set create -%}
        create or replace table {{ changes }}
        {{ file_format_clause() }}
        {{ options_clause() }}
        {{ tblproperties_clause() }}
        as
        {{ version_changes(strategy, sql, target_relation) }}
    {%- endset -%}
    {%- do run_query(create) -%}
    {{ return(changes) }}
{%- endmacro %}

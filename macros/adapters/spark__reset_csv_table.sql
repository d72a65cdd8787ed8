{#-
    dbt-spark reloads a seed by DROP and CREATE, which on Sail brings the old rows back (a dropped table leaves its
    files behind), so that a seed would double on its second run. CREATE OR REPLACE is right on every engine.
-#}
{% macro spark__reset_csv_table(model, full_refresh, old_relation, agate_table) -%}
    {%- if target.type == 'databricks' -%}
        {#- The project's macros go before dbt-databricks' own, which knows comments and properties. -#}
        {{ return(databricks__reset_csv_table(model, full_refresh, old_relation, agate_table)) }}
    {%- endif -%}
    {%- set column_types = model['config'].get('column_types', {}) -%}
    {%- set create -%}
        create or replace table {{ this }} (
            {%- for name in agate_table.column_names %}
            {{ name }} {{ column_types.get(name, adapter.convert_type(agate_table, loop.index0)) }}
            {{- ',' if not loop.last }}
            {%- endfor %}
        )
        {{ file_format_clause() }}
    {%- endset -%}
    {%- do run_query(create) -%}
    {{ return(create) }}
{%- endmacro %}

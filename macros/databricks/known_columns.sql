{#-
    What the catalog has of the pipeline's tables and views, by `schema.name`: the comment, and the comments of the columns
    by name, in their order. One statement for all of them.
-#}
{% macro known_columns() -%}
    {%- set query -%}
        select
            known_tables.table_schema,
            known_tables.table_name,
            known_tables.comment,
            known_columns.column_name,
            known_columns.comment as column_comment
        from {{ adapter.quote(target.database) }}.information_schema.tables as known_tables
        inner join {{ adapter.quote(target.database) }}.information_schema.columns as known_columns
            on known_tables.table_schema = known_columns.table_schema
            and known_tables.table_name = known_columns.table_name
        where
            {%- for suffix in ['staging', 'targets', 'marts', 'views', 'error_views'] %}
            {{ 'or ' if not loop.first }}known_tables.table_schema = {{ sql_text((target.schema ~ '_' ~ suffix) | lower) }}
            {%- endfor %}
        order by known_columns.ordinal_position
    {%- endset -%}
    {%- set known = {} -%}
    {%- for row in run_query(query).rows -%}
        {%- set name = row[0] ~ '.' ~ row[1] -%}
        {%- do known.setdefault(name, {'comment': row[2] or '', 'columns': {}}) -%}
        {%- do known[name]['columns'].update({row[3]: row[4] or ''}) -%}
    {%- endfor -%}
    {{ return(known) }}
{%- endmacro %}

{#-
    Put what a query finds for a batch into a table that has one row per batch, feed and metric, in place of all that it had; in one
    commit. Gives the rows, as texts: so a double comes back exactly. They are put there as values, since a MERGE evaluates a query
    more than once.
-#}
{% macro replace_metrics(table, batch, query, columns) -%}
    {%- set find -%}
        select
            {%- for column in columns %}
            cast({{ column }} as string) as {{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        from ({{ query }}) as found
        order by feed, metric
    {%- endset -%}
    {%- set rows = run_query(find).rows -%}
    {%- set values -%}
        select
            {{ sql_text(batch['batch_id']) }} as batch_id,
            date '{{ batch['batch_date'] }}' as batch_date
            {%- for column, type in columns.items() %},
            cast({{ column }} as {{ type }}) as {{ column }}
            {%- endfor %}
        from values
            {%- for row in rows %}
            (
                {%- for column in columns %}
                {{- sql_text(row[column]) }}{{ ', ' if not loop.last }}
                {%- endfor -%}
            ){{ ',' if not loop.last }}
            {%- else %}
            ({% for column in columns %}{{ sql_text(none) }}{{ ', ' if not loop.last }}{% endfor %})
            {%- endfor %}
            as found ({{ columns | join(', ') }})
        {%- if not rows %}
        where false
        {%- endif %}
    {%- endset -%}
    {%- set day = "date '" ~ batch['batch_date'] ~ "'" -%}
    {%- do replace_rows(table, 'batch_date', day, ['feed', 'metric'], values) -%}
    {{ return(rows) }}
{%- endmacro %}

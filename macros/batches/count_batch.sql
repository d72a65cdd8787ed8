{#- Count the current batch's rows, once for all records of the end of a dbt run: a query that gives the counts again. -#}
{% macro count_batch() -%}
    {%- set rows = [] -%}
    {%- for row in run_query(row_counts(feeds())).rows -%}
        {%- set values -%}
            select
                {{ sql_text(row['batch_id']) }} as batch_id,
                date '{{ row['batch_date'] }}' as batch_date,
                cast({{ row['landing_number'] }} as bigint) as landing_number,
                {{ sql_text(row['feed']) }} as feed,
                {% for count in ['file_rows', 'landed_rows', 'valid_rows', 'quarantined_rows'] -%}
                cast({{ row[count] }} as bigint) as {{ count }},
                {% endfor -%}
                {{ row['is_balanced'] | lower }} as is_balanced
        {%- endset -%}
        {%- do rows.append(values) -%}
    {%- endfor -%}
    {{ return('(' ~ rows | join(' union all ') ~ ')') }}
{%- endmacro %}

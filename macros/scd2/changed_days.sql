{#- Literals of the days on which versions began that a snapshot's changes close; at least one. -#}
{% macro changed_days(target, changes) -%}
    {%- set columns = config.get('snapshot_table_column_names') -%}
    {%- set found -%}
        select distinct cast(versions.{{ columns.dbt_valid_from }} as string) as day
        from {{ target }} as versions
        left semi join {{ changes }} as changes
            on versions.{{ columns.dbt_scd_id }} = changes.{{ columns.dbt_scd_id }}
        order by day
    {%- endset -%}
    {%- set literals = ['cast(null as date)'] -%}
    {%- for row in run_query(found).rows -%}
        {%- do literals.append("date '" ~ row[0] ~ "'") -%}
    {%- endfor -%}
    {{ return(literals) }}
{%- endmacro %}

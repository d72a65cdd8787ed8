{#-
    The columns that the contract names for a feed: a list of {name, type, is_code}, in the contract's order.
    Empty while dbt parses, when the contract is not read yet.
-#}
{% macro contract_columns(feed) -%}
    {%- set columns = [] -%}
    {%- if execute -%}
        {%- set landing = graph.sources.values()
            | selectattr('source_name', 'equalto', 'landing')
            | selectattr('name', 'equalto', feed) | first -%}
        {%- for column in landing.columns.values() if column.meta.type is defined -%}
            {%- do columns.append({
                'name': column.name,
                'type': column.meta.type,
                'is_code': column.meta.get('code', false),
            }) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}

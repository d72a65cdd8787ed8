{#-
    The columns that the contract names for a feed: a list of {name, type, headers, is_optional, is_code, is_tracked, format,
    thousands, decimal}, in the contract's order.
    Empty while dbt parses, when the contract is not read yet.
-#}
{% macro contract_columns(feed) -%}
    {%- set columns = [] -%}
    {%- if execute -%}
        {%- for column in contract()[feed].columns.values() if column.meta.type is defined -%}
            {%- do columns.append({
                'name': column.name,
                'type': column.meta.type,
                'headers': [column.name] + column.meta.get('aliases', []),
                'is_optional': column.meta.get('optional', false),
                'is_code': column.meta.get('code', false),
                'is_tracked': column.meta.get('tracked', true),
                'format': column.meta.get('format'),
                'thousands': column.meta.get('thousands'),
                'decimal': column.meta.get('decimal'),
            }) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}

{#-
    dbt holds a mart to the types that it declares, in dbt's place: where the contract of the feeds has widened a column that
    the mart shows, the mart's may be as wide. Any other type is still refused.
-#}
{% macro default__get_assert_columns_equivalent(sql) -%}
    {%- set widened = [] -%}
    {%- for feed in feeds() -%}
        {%- for column in contract_columns(feed) -%}
            {%- set declared = model.columns.get(column.name) -%}
            {%- if declared and is_wider_type(declared.data_type, column.type | replace('date or timestamp', 'timestamp')) -%}
                {%- do widened.append(column.name) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if widened -%}
        {%- for column in get_column_schema_from_query(sql, config.get('sql_header', none)) -%}
            {%- set declared = model.columns[column.name] -%}
            {%- if is_wider_type(declared.data_type, column.data_type) -%}
                {%- do declared.update({'data_type': column.data_type}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(assert_columns_equivalent(sql)) }}
{%- endmacro %}

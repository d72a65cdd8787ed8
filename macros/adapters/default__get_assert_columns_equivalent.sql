{#-
    dbt holds a mart to the types that it declares, in dbt's place: where the contract of the feeds has widened a column that
    the mart shows, the mart's may be as wide. Any other type is still refused.
-#}
{% macro default__get_assert_columns_equivalent(sql) -%}
    {%- set widened = {} -%}
    {%- for feed in feeds() -%}
        {%- for column in contract_columns(feed) if column.name in model.columns -%}
            {%- set type = column.type | replace('date or timestamp', 'timestamp') -%}
            {%- if is_wider_type(model.columns[column.name].data_type, type) -%}
                {%- do widened.update({column.name: type}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if widened -%}
        {%- for column in get_column_schema_from_query(sql, config.get('sql_header', none)) if column.name in widened -%}
            {#- Databricks tells decimals of a query without their digits. #}
            {%- set type = widened[column.name] if column.data_type == 'decimal' else column.data_type -%}
            {%- if is_wider_type(model.columns[column.name].data_type, type) -%}
                {%- do model.columns[column.name].update({'data_type': type}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(assert_columns_equivalent(sql)) }}
{%- endmacro %}

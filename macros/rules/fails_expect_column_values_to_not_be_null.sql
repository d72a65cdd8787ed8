{% macro fails_expect_column_values_to_not_be_null(column_name) -%}
    {{ column_name }} is null
{%- endmacro %}

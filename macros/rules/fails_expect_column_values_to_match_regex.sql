{% macro fails_expect_column_values_to_match_regex(column_name, regex) -%}
    not {{ column_name }} rlike '{{ regex }}'
{%- endmacro %}

{% macro fails_dimensions_format(column_name) -%}
not coalesce(
    {{ column_name }} rlike '{{ dimensions_pattern() }}',
    false
)
{%- endmacro %}

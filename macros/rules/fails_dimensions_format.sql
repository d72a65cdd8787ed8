{% macro fails_dimensions_format(column_name) -%}
not coalesce(
    btrim({{ column_name }}, {{ white_space() }}) rlike '{{ dimensions_pattern() }}',
    false
)
{%- endmacro %}

{% macro fails_values_parse(columns) -%}
    arrays_overlap(_parse_errors, array('{{ columns | join("', '") }}'))
{%- endmacro %}

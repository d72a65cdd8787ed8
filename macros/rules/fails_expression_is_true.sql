{% macro fails_expression_is_true(expression) -%}
    not ({{ expression }})
{%- endmacro %}

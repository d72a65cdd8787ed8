{% macro fails_expect_column_pair_values_A_to_be_greater_than_B(column_A, column_B, or_equal=false) -%}
    {{ column_A }} {{ '<' if or_equal else '<=' }} {{ column_B }}
{%- endmacro %}

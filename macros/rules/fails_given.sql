{#-
    Blank. A text that cannot be read as the column's type was given: the typed column alone does not tell. What the contract
    lets a file lack breaks no rule where the file lacks it.
-#}
{% macro fails_given(column_name) -%}
    {{ column_name }} is null and not array_contains(_parse_errors, '{{ column_name }}') and not array_contains(_absent_columns, '{{ column_name }}')
{%- endmacro %}

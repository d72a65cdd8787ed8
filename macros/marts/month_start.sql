{#- First day of a date's month. Sail's date_trunc and trunc take no date before 1677. -#}
{% macro month_start(day) -%}
    make_date(year({{ day }}), month({{ day }}), 1)
{%- endmacro %}

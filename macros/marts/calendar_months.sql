{#- Calendar months from one date's month to another's: from any day of December to any of January it is 1. -#}
{% macro calendar_months(since, until) -%}
    (year({{ until }}) - year({{ since }})) * 12 + month({{ until }}) - month({{ since }})
{%- endmacro %}

{% macro read_date(text) -%}
try_cast(
    regexp_extract(
        {{ text }},
        '^{{ date_pattern() }}$',
        0
    ) as date
)
{%- endmacro %}

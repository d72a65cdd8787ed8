{#- Fails when the code is not in the column `field` of the seed; on NULL as well, unless if_present. -#}
{% macro fails_known_code(column_name, seed, field, if_present=false) -%}
{{ column_name }}_code is {{ 'not null' if if_present else 'null' }}
{{ 'and' if if_present else 'or' }} not array_contains(
    (
        select collect_list({{ code(seed ~ '.' ~ field) }})
        from {{ ref(seed) }} as {{ seed }}
    ),
    {{ column_name }}_code
)
{%- endmacro %}

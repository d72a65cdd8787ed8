{#- The ids of some rules as an SQL array. -#}
{% macro rule_ids(rules) -%}
    {%- if rules -%}
array(
    {%- for rule in rules %}
    '{{ rule.id }}'{{ ',' if not loop.last }}
    {%- endfor %}
)
    {%- else -%}
cast(array() as array<string>)
    {%- endif -%}
{%- endmacro %}

{#- The rule's id for a row that breaks it, else NULL. -#}
{% macro broken_rule(rule) -%}
{%- set condition = fails(rule) -%}
{%- if '\n' in condition -%}
case
    when
        {{ condition | indent(8) }}
        then '{{ rule.id }}'
end
{%- elif condition | length + rule.id | length < 75 -%}
case when {{ condition }} then '{{ rule.id }}' end
{%- else -%}
case
    when {{ condition }}
        then '{{ rule.id }}'
end
{%- endif -%}
{%- endmacro %}

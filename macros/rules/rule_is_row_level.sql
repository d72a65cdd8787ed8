{#- True for a rule on a base model, false for a cross-table rule. -#}
{% macro rule_is_row_level(rule) -%}
    {{ return(rule.attached_node is not none and rule.attached_node is defined) }}
{%- endmacro %}

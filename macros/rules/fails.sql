{#- The condition that is true for a row that breaks the rule: macro fails_<test>, given the test's arguments. -#}
{% macro fails(rule) -%}
    {{ context['fails_' ~ rule.test](**rule.arguments) | trim }}
{%- endmacro %}

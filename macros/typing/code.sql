{#- The normal form in which text codes compare: "Credit Card" and "credit-card" are credit_card. -#}
{% macro code(text, white_space="' '") -%}
    translate(lower(btrim({{ text }}, {{ white_space }})), ' -', '__')
{%- endmacro %}

{#- True when a version with validity (versions_with_validity) answers for the day. -#}
{% macro holds_on(versions, day) -%}
{{ day }} >= {{ versions }}.valid_from
and ({{ day }} < {{ versions }}.valid_to or {{ versions }}.valid_to is null)
{%- endmacro %}

{#- Four, two and two digits. The year 0000 is refused here, because engines disagree on it. -#}
{% macro date_pattern() -%}
    ([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-[0-9]{2}-[0-9]{2}
{%- endmacro %}

{% macro fails_key_unique() -%}
    _key_rank > 1
{%- endmacro %}

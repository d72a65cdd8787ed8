{% macro fails_well_formed() -%}
    _raw_line is not null
{%- endmacro %}

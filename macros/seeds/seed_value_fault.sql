{#- What a seed's cell must be and is not: by its type as in column_types, then by the bounds in the column's meta. -#}
{% macro seed_value_fault(value, type, meta) -%}
    {%- set base_type = type.split('(') | first -%}
    {%- if base_type == 'boolean' -%}
        {{ return(none if value | lower in ['true', 'false'] else 'true or false') }}
    {%- elif base_type == 'int' -%}
        {%- if not modules.re.fullmatch('[+-]?[0-9]{1,9}', value) -%}
            {{ return('a whole number of up to 9 digits') }}
        {%- endif -%}
    {%- elif base_type == 'decimal' -%}
        {%- set digits, decimals = modules.re.findall('[0-9]+', type) | map('int') -%}
        {%- set shape = '[+-]?[0-9]{1,' ~ (digits - decimals) ~ '}([.][0-9]{1,' ~ decimals ~ '})?' -%}
        {%- if not modules.re.fullmatch(shape, value) -%}
            {{ return('a number like 1.5 of up to ' ~ (digits - decimals) ~ ' digits and ' ~ decimals ~ ' decimals') }}
        {%- endif -%}
    {%- elif type != 'string' -%}
        {{ exceptions.raise_compiler_error('_seeds.yml names a type that no macro checks: ' ~ type) }}
    {%- endif -%}
    {%- if meta.more_than is defined and value | float <= meta.more_than -%}
        {{ return('more than ' ~ meta.more_than) }}
    {%- elif meta.at_least is defined and value | float < meta.at_least -%}
        {{ return(meta.at_least ~ ' or more') }}
    {%- elif meta.at_most is defined and value | float > meta.at_most -%}
        {{ return(meta.at_most ~ ' or less') }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{#- A text as the type that the contract names, NULL where it is blank or not written exactly as the type demands. -#}
{% macro read_value(text, type) -%}
    {%- set base_type = type.split('(') | first -%}
    {%- if base_type == 'date' -%}{{ read_date(text) }}
    {%- elif base_type == 'date or timestamp' -%}{{ read_date_or_timestamp(text) }}
    {%- elif base_type == 'timestamp' -%}{{ read_timestamp(text) }}
    {%- elif base_type == 'decimal' -%}{{ read_decimal(text, type) }}
    {%- elif base_type in ['int', 'bigint'] -%}{{ read_int(text, base_type) }}
    {%- elif base_type == 'boolean' -%}{{ read_boolean(text) }}
    {%- else -%}{{ exceptions.raise_compiler_error("The contract names a type that no macro reads: " ~ type) }}
    {%- endif -%}
{%- endmacro %}

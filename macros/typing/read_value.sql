{#-
    A text as the type that the contract names for a column, NULL where it is blank or not written exactly as the type, or the
    column's `format`, `thousands` and `decimal`, demand.
-#}
{% macro read_value(text, column) -%}
    {%- set type = column.type -%}
    {%- set base_type = type.split('(') | first -%}
    {%- if column.format and base_type == 'date' -%}
cast(
    {{ read_timestamp(iso_text(text, column.format)) | indent(4) }} as date
)
    {%- elif column.format -%}{{ read_timestamp(iso_text(text, column.format)) }}
    {%- elif column.thousands or column.decimal -%}
        {{ read_value(plain_number(text, column.thousands, column.decimal), {'type': type}) }}
    {%- elif base_type == 'date' -%}{{ read_date(text) }}
    {%- elif base_type == 'date or timestamp' -%}{{ read_date_or_timestamp(text) }}
    {%- elif base_type == 'timestamp' -%}{{ read_timestamp(text) }}
    {%- elif base_type == 'decimal' -%}{{ read_decimal(text, type) }}
    {%- elif base_type in ['int', 'bigint'] -%}{{ read_int(text, base_type) }}
    {%- elif base_type == 'boolean' -%}{{ read_boolean(text) }}
    {%- else -%}{{ exceptions.raise_compiler_error("The contract names a type that no macro reads: " ~ type) }}
    {%- endif -%}
{%- endmacro %}

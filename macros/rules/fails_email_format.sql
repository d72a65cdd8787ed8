{#- One @, no white space, something before it, and after it at least two non-empty parts between dots. -#}
{% macro fails_email_format(column_name) -%}
    not {{ column_name }} rlike '^[^@\\s\\p{Z}]+@[^@.\\s\\p{Z}]+([.][^@.\\s\\p{Z}]+)+$'
{%- endmacro %}

{#- One @, no white space, something before it, and after it at least two non-empty parts between dots. -#}
{% macro fails_email_format(column_name) -%}
    {%- set white_space = white_space() | trim | replace("'", '') -%}
    {%- set part = '[^@.' ~ white_space ~ ']+' -%}
    {#- Not $, which in Java lets a last line end pass. -#}
    not {{ column_name }} rlike '^[^@{{ white_space }}]+@{{ part }}([.]{{ part }})+\\z'
{%- endmacro %}

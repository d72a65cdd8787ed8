{#- 7 to 15 digits, a + before all else if need be, and the separators space . - ( ) anywhere after it. -#}
{% macro fails_phone_format(column_name) -%}
    {#- Not $, which in Java lets a last line end pass. -#}
    not {{ column_name }} rlike '^[+]?([ .()-]*[0-9]){7,15}[ .()-]*\\z'
{%- endmacro %}

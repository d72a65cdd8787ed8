{% macro feeds() -%}
    {{ return(['orders', 'customers', 'products', 'inventory', 'shipping']) }}
{%- endmacro %}

{#-
    The key of a feed's row as one text. Inventory has two parts, joined by '|', which is escaped in the first one
    so that different keys never look the same.
-#}
{% macro record_key(feed) -%}
    {%- if feed == 'inventory' -%}
concat(
    replace(replace(product_id, '%', '%25'), '|', '%7C'),
    '|',
    coalesce(warehouse_id, warehouse_location)
)
    {%- else -%}
{{ {'orders': 'order_id', 'customers': 'customer_id', 'products': 'product_id', 'shipping': 'order_id'}[feed] }}
    {%- endif -%}
{%- endmacro %}

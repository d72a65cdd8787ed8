{{ config(meta={'severity': 'MEDIUM', 'quarantine': false, 'category': 'referential', 'feed': 'customers'}) -}}

select customers.customer_id
from {{ ref('stg_customers') }} as customers
left anti join {{ ref('orders_target') }} as known_orders
    on customers.customer_id = known_orders.customer_id
    and known_orders.expiry_date is null

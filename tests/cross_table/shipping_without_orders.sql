{{ config(meta={'severity': 'MEDIUM', 'quarantine': false, 'category': 'referential', 'feed': 'shipping'}) -}}

select shipments.order_id
from {{ ref('stg_shipping') }} as shipments
left anti join {{ ref('orders_target') }} as known_orders
    on shipments.order_id = known_orders.order_id
    and known_orders.expiry_date is null

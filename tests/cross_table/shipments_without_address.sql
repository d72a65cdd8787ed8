{{ config(meta={'severity': 'LOW', 'quarantine': false, 'category': 'completeness', 'feed': 'shipping'}) -}}

select shipments.order_id
from {{ ref('stg_shipping') }} as shipments
left anti join {{ ref('orders_target') }} as known_orders
    on shipments.order_id = known_orders.order_id
    and known_orders.expiry_date is null
    and known_orders.shipping_address is not null
where shipments.destination_address is null

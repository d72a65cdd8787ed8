{{ config(meta={'severity': 'HIGH', 'quarantine': false, 'category': 'referential', 'feed': 'orders'}) -}}

select order_id
from {{ ref('int_batch_orders') }}
where
    order_status_code in ('shipped', 'delivered', 'completed')
    and not is_shipment_known

{{ config(meta={'severity': 'HIGH', 'quarantine': false, 'category': 'business', 'feed': 'orders'}) -}}

select order_id
from {{ ref('int_batch_orders') }}
where is_discontinued_at_order_date

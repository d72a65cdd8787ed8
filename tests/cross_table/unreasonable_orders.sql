{{ config(meta={'severity': 'HIGH', 'quarantine': false, 'category': 'business', 'feed': 'orders'}) -}}

select order_id
from {{ ref('int_batch_orders') }}
where order_amount_usd < 1 or order_amount_usd > 10000

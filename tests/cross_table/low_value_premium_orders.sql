{{ config(meta={'severity': 'LOW', 'quarantine': false, 'category': 'business', 'feed': 'orders'}) -}}

select order_id
from {{ ref('int_batch_orders') }}
where
    known_customer_tier_code = 'premium'
    and order_amount_usd < 100

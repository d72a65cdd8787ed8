{{ config(meta={'severity': 'MEDIUM', 'quarantine': false, 'category': 'business', 'feed': 'orders'}) -}}

select order_id
from {{ ref('int_batch_orders') }}
where
    currency_code = price_currency_code
    and abs(order_amount - price_at_order_date) > 0.01

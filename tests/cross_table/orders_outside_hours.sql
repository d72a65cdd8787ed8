{{ config(meta={'severity': 'LOW', 'quarantine': false, 'category': 'business', 'feed': 'orders'}) -}}

select order_id
from {{ ref('int_batch_orders') }}
where hour(created_timestamp) < 8 or hour(created_timestamp) > 18

{{ config(meta={'severity': 'HIGH', 'quarantine': false, 'category': 'referential', 'feed': 'orders'}) -}}

select order_id
from {{ ref('int_batch_orders') }}
where not is_customer_known

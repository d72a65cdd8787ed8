{{ config(meta={'severity': 'MEDIUM', 'quarantine': false, 'category': 'business', 'feed': 'shipping'}) -}}

select shipments.order_id
from {{ ref('stg_shipping') }} as shipments
inner join {{ ref('currency_rates') }} as currency_rates
    on shipments.currency_code = {{ code('currency_rates.currency') }}
where {{ usd('shipments.shipping_cost', 'currency_rates.usd_rate') }} > 100

-- The seeds that this feed's rules look codes up in.
-- depends_on: {{ ref('currency_rates') }}
-- depends_on: {{ ref('order_statuses') }}
-- depends_on: {{ ref('payment_methods') }}
{{ base_feed('orders') }}

-- The seeds that this feed's rules look codes up in.
-- depends_on: {{ ref('currency_rates') }}
-- depends_on: {{ ref('shipping_methods') }}
{{ base_feed('shipping') }}

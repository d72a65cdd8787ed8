-- The seeds that this feed's rules look codes up in.
-- depends_on: {{ ref('currency_rates') }}
-- depends_on: {{ ref('product_categories') }}
{{ base_feed('products') }}

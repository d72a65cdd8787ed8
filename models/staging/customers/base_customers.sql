-- The seed that this feed's rules look codes up in.
-- depends_on: {{ ref('customer_tiers') }}
{{ base_feed('customers') }}

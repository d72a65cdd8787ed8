{{ base_feed('inventory') }}

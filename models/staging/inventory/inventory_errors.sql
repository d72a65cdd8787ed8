{{ feed_errors('inventory') }}

{{ feed_errors('shipping') }}

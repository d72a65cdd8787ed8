{{ feed_errors('orders') }}

{{ feed_errors('products') }}

{{ feed_errors('customers') }}

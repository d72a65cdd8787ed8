{{ versions_with_validity(
    'customers_target',
    ['customer_id', 'first_name', 'last_name', 'customer_tier', 'customer_tier_code', 'country', 'age_segment'],
) }}

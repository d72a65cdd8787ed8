{{ versions_with_validity(
    'products_target',
    ['product_id', 'product_name', 'category', 'category_code', 'brand', 'price', 'currency_code', 'discontinued'],
) }}

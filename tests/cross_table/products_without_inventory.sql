{{ config(meta={'severity': 'MEDIUM', 'quarantine': false, 'category': 'referential', 'feed': 'products'}) -}}

select products.product_id
from {{ ref('stg_products') }} as products
left anti join {{ ref('int_product_stock') }} as product_stock
    on products.product_id = product_stock.product_id

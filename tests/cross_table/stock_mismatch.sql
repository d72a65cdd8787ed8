{{ config(meta={'severity': 'MEDIUM', 'quarantine': false, 'category': 'business', 'feed': 'products'}) -}}

select products.product_id
from {{ ref('stg_products') }} as products
inner join {{ ref('int_product_stock') }} as product_stock
    on products.product_id = product_stock.product_id
where products.stock_quantity <> product_stock.total_stock_quantity

{{ config(meta={'severity': 'MEDIUM', 'quarantine': false, 'category': 'referential', 'feed': 'inventory'}) -}}

select inventory.record_key
from {{ ref('stg_inventory') }} as inventory
left anti join {{ ref('products_target') }} as known_products
    on inventory.product_id = known_products.product_id
    and known_products.expiry_date is null

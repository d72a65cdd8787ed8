-- Known inventory of each product, summed over its warehouses.
with

inventory as (
    select * from {{ ref('inventory_target') }}
    where expiry_date is null
),

final as (
    select
        product_id,
        sum(cast(stock_quantity as bigint)) as total_stock_quantity,
        coalesce(sum(cast(reserved_quantity as bigint)), 0) as total_reserved_quantity,
        sum(cast(available_stock as bigint)) as total_available_stock
    from inventory
    group by product_id
)

select * from final

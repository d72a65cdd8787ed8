with

inventory as (
    select * from {{ ref('base_inventory') }}
    where not is_quarantined
),

counted as (
    select
        *,
        coalesce(available_quantity, stock_quantity - reserved_quantity, stock_quantity) as available_stock,
        coalesce(reorder_level, 10) as effective_reorder_level
    from inventory
),

final as (
    select
        {{ base_columns('inventory') | join(',\n') | indent(8) }},
        coalesce(warehouse_id, warehouse_location) as warehouse,
        available_stock,
        case
            when stock_quantity > 0
                then coalesce(cast(reserved_quantity as double), 0.0) / cast(stock_quantity as double)
            else cast(0 as double)
        end as stock_utilization_rate,
        case
            when available_stock is null then 'Unknown'
            when available_stock <= 0 then 'Out of Stock'
            when available_stock <= effective_reorder_level then 'Reorder Required'
            when available_stock <= 2 * cast(effective_reorder_level as bigint) then 'Low Stock'
            else 'In Stock'
        end as stock_indicator,
        {{ lineage_columns() | join(',\n') | indent(8) }}
    from counted
)

select * from final

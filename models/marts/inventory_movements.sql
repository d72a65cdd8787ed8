with

inventory as (
    select * from {{ ref('inventory_target') }}
),

ordered as (
    select
        product_id,
        warehouse,
        effective_date as batch_date,
        lag(stock_quantity) over (partition by record_key order by effective_date) as previous_quantity,
        stock_quantity as new_quantity
    from inventory
),

final as (
    select
        product_id,
        warehouse,
        batch_date,
        previous_quantity,
        new_quantity,
        new_quantity - coalesce(previous_quantity, 0) as quantity_change,
        case
            when previous_quantity is null then 'initial'
            when new_quantity > previous_quantity then 'inbound'
            else 'outbound'
        end as movement_type
    from ordered
    where previous_quantity is null or new_quantity <> previous_quantity
)

select * from final

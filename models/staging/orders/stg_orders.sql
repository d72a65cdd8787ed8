with

orders as (
    select * from {{ ref('base_orders') }}
    where not is_quarantined
),

final as (
    select
        {{ base_columns('orders') | join(',\n') | indent(8) }},
        {{ lineage_columns() | join(',\n') | indent(8) }}
    from orders
)

select * from final

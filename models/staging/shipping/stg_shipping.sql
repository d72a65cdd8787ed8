with

shipments as (
    select * from {{ ref('base_shipping') }}
    where not is_quarantined
),

currency_rates as (
    select
        {{ code('currency') }} as currency_code,
        usd_rate
    from {{ ref('currency_rates') }}
),

-- The only join: the cost in USD decides the cost category.
timed as (
    select
        shipments.*,
        {{ usd('shipments.shipping_cost', 'currency_rates.usd_rate') }} as shipping_cost_usd,
        {{ days_between('cast(shipments.created_timestamp as date)', 'shipments.actual_delivery') }}
            as delivery_days,
        {{ days_between('cast(shipments.created_timestamp as date)', 'shipments.estimated_delivery') }}
            as estimated_delivery_days
    from shipments
    left join currency_rates
        on shipments.currency_code = currency_rates.currency_code
),

final as (
    select
        {{ base_columns('shipping') | join(',\n') | indent(8) }},
        delivery_days,
        estimated_delivery_days,
        case
            when actual_delivery is null then 'Pending'
            when estimated_delivery is null then 'Unknown'
            when actual_delivery <= estimated_delivery then 'On Time'
            when {{ days_between('estimated_delivery', 'actual_delivery') }} <= 1 then 'Slightly Delayed'
            else 'Delayed'
        end as delivery_performance,
        case
            when shipping_cost_usd is null then 'Unknown'
            when shipping_cost_usd < 10 then 'Low Cost'
            when shipping_cost_usd < 20 then 'Medium Cost'
            else 'High Cost'
        end as cost_category,
        cast(shipping_cost as double) / nullif(cast(package_weight as double), 0) as cost_per_kg,
        {{ lineage_columns() | join(',\n') | indent(8) }}
    from timed
)

select * from final

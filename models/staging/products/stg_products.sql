with

products as (
    select * from {{ ref('base_products') }}
    where not is_quarantined
),

currency_rates as (
    select
        {{ code('currency') }} as currency_code,
        usd_rate
    from {{ ref('currency_rates') }}
),

-- The only join: the price in USD decides the price segment.
priced as (
    select
        products.*,
        {{ usd('products.price', 'currency_rates.usd_rate') }} as price_usd,
        {{ days_between('products.launch_date', 'products._batch_date') }} as days_since_launch,
        {{ volume_cm3('products.dimensions_cm') | indent(8) }} as volume_cm3
    from products
    left join currency_rates
        on products.currency_code = currency_rates.currency_code
),

final as (
    select
        {{ base_columns('products') | join(',\n') | indent(8) }},
        case
            when price_usd is null then 'Unknown'
            when price_usd < 50 then 'Budget'
            when price_usd < 150 then 'Mid-range'
            when price_usd < 300 then 'Premium'
            else 'Luxury'
        end as price_segment,
        case
            when stock_quantity is null then 'Unknown'
            when stock_quantity = 0 then 'Out of Stock'
            when stock_quantity < 10 then 'Low Stock'
            when stock_quantity < 50 then 'Medium Stock'
            else 'High Stock'
        end as stock_indicator,
        days_since_launch,
        case
            when discontinued then 'Discontinued'
            when days_since_launch is null then 'Unknown'
            when days_since_launch < 30 then 'New'
            when days_since_launch < 365 then 'Growth'
            else 'Mature'
        end as lifecycle_stage,
        volume_cm3,
        cast(weight_kg as double) / nullif(volume_cm3, 0) as density_kg_per_cm3,
        {{ lineage_columns() | join(',\n') | indent(8) }}
    from priced
)

select * from final

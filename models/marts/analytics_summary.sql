{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='report_date',
    meta={'dated_by': 'report_date'},
    on_schema_change='fail',
    full_refresh=false,
) -}}

with

current_batch as (
    select * from {{ ref('current_batch') }}
),

revenue_orders as (
    select * from {{ ref('orders_enriched') }}
    where counts_as_revenue
),

totals as (
    select
        count(*) as total_orders,
        {{ money_sum('order_amount_usd') }} as total_revenue,
        count(distinct customer_id) as unique_customers,
        count(distinct product_id) as unique_products,
        {{ money_sum('profit_usd') }} as total_profit,
        {{ money_sum('estimated_clv') }} as total_estimated_clv
    from revenue_orders
),

final as (
    select
        current_batch.batch_date as report_date,
        totals.total_orders,
        totals.total_revenue,
        {{ ratio('totals.total_revenue', 'totals.total_orders') }} as avg_order_value,
        totals.unique_customers,
        totals.unique_products,
        totals.total_profit,
        100 * {{ ratio('totals.total_profit', 'totals.total_revenue') }} as profit_margin_pct,
        {{ ratio('totals.total_estimated_clv', 'totals.total_orders') }} as avg_estimated_clv,
        {{ ratio('totals.total_revenue', 'totals.unique_customers') }} as revenue_per_customer,
        {{ ratio('totals.total_orders', 'totals.unique_customers') }} as orders_per_customer
    from current_batch
    cross join totals
)

select * from final

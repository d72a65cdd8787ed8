with

current_batch as (
    select * from {{ ref('current_batch') }}
),

customers as (
    select
        customer_id,
        {{ month_start('first_order_date') }} as cohort_month
    from {{ ref('customer_analytics') }}
    where total_orders > 0
),

revenue_orders as (
    select * from {{ ref('orders_enriched') }}
    where counts_as_revenue
),

cohorts as (
    select
        cohort_month,
        count(*) as cohort_size
    from customers
    group by cohort_month
),

cohort_months as (
    select
        cohorts.cohort_month,
        cohorts.cohort_size,
        explode(sequence(
            0, {{ calendar_months('cohorts.cohort_month', 'current_batch.batch_date') }}
        )) as month_number
    from cohorts
    cross join current_batch
),

customer_months as (
    select
        customers.customer_id,
        customers.cohort_month,
        {{ calendar_months('customers.cohort_month', 'revenue_orders.order_date') }} as month_number,
        {{ money_sum('revenue_orders.order_amount_usd') }} as revenue
    from customers
    inner join revenue_orders
        on customers.customer_id = revenue_orders.customer_id
    group by
        customers.customer_id,
        customers.cohort_month,
        {{ calendar_months('customers.cohort_month', 'revenue_orders.order_date') }}
),

activity as (
    select
        cohort_month,
        month_number,
        count(*) as active_customers,
        {{ money_sum('revenue') }} as cohort_revenue
    from customer_months
    group by cohort_month, month_number
),

monthly as (
    select
        cohort_months.cohort_month,
        cohort_months.month_number,
        cohort_months.cohort_size,
        coalesce(activity.active_customers, 0) as active_customers,
        cast(coalesce(activity.cohort_revenue, 0) as decimal(24, 2)) as cohort_revenue
    from cohort_months
    left join activity
        on cohort_months.cohort_month = activity.cohort_month
        and cohort_months.month_number = activity.month_number
),

rolled as (
    select
        *,
        sum(cohort_revenue) over (
            partition by cohort_month
            order by month_number
            rows between unbounded preceding and current row
        ) as revenue_to_date
    from monthly
),

final as (
    select
        cohort_month,
        month_number,
        cohort_size,
        active_customers,
        100 * {{ ratio('active_customers', 'cohort_size') }} as retention_pct,
        cohort_revenue,
        {{ ratio('revenue_to_date', 'cohort_size') }} as cumulative_revenue_per_customer
    from rolled
)

select * from final

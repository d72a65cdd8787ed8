with

baskets as (
    select
        customer_id,
        product_id
    from {{ ref('int_customer_baskets') }}
    where not is_left_out
),

customers as (
    select count(*) as customers_count from {{ ref('customer_rfm') }}
),

-- No pair has more customers than either of its products: the others need not be paired.
product_counts as (
    select
        product_id,
        count(*) as customers_count
    from baskets
    group by product_id
    having count(*) >= {{ var('affinity_min_customers') }}
),

frequent as (
    select
        baskets.customer_id,
        baskets.product_id,
        product_counts.customers_count
    from baskets
    inner join product_counts
        on baskets.product_id = product_counts.product_id
),

pairs as (
    select
        product_a.product_id as product_id_a,
        product_b.product_id as product_id_b,
        count(*) as customers_both,
        max(product_a.customers_count) as customers_a,
        max(product_b.customers_count) as customers_b
    from frequent as product_a
    inner join frequent as product_b
        on product_a.customer_id = product_b.customer_id
        and product_a.product_id < product_b.product_id
    group by product_a.product_id, product_b.product_id
    having count(*) >= {{ var('affinity_min_customers') }}
),

final as (
    select
        pairs.product_id_a,
        pairs.product_id_b,
        pairs.customers_both,
        pairs.customers_a,
        pairs.customers_b,
        100 * {{ ratio('pairs.customers_both', 'customers.customers_count') }} as support_pct,
        100 * {{ ratio('pairs.customers_both', 'pairs.customers_a') }} as confidence_a_to_b_pct,
        100 * {{ ratio('pairs.customers_both', 'pairs.customers_b') }} as confidence_b_to_a_pct,
        {{ ratio(
            'pairs.customers_both * customers.customers_count',
            'pairs.customers_a * pairs.customers_b'
        ) }} as lift
    from pairs
    cross join customers
)

select * from final

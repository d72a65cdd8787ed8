with

customers as (
    select * from {{ ref('base_customers') }}
    where not is_quarantined
),

aged as (
    select
        *,
        {{ full_years('date_of_birth', '_batch_date') | indent(8) }} as age,
        {{ days_between('registration_date', '_batch_date') }} as days_since_registration
    from customers
),

final as (
    select
        {{ base_columns('customers') | join(',\n') | indent(8) }},
        age,
        case
            when age is null then 'Unknown'
            when age < 25 then 'Gen Z'
            when age < 40 then 'Millennial'
            when age < 55 then 'Gen X'
            else 'Boomer+'
        end as age_segment,
        days_since_registration,
        case
            when days_since_registration is null then 'Unknown'
            when days_since_registration < 30 then 'New'
            when days_since_registration < 365 then 'Active'
            else 'Established'
        end as lifecycle_stage,
        {{ lineage_columns() | join(',\n') | indent(8) }}
    from aged
)

select * from final

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
        customer_id,
        first_name,
        last_name,
        email,
        phone,
        date_of_birth,
        registration_date,
        address,
        city,
        state,
        zip_code,
        country,
        customer_tier,
        last_login,
        created_timestamp,
        customer_tier_code,
        record_key,
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
        _batch_id,
        _batch_date,
        _source_file,
        _file_sha256,
        _row_number,
        _landed_at
    from aged
)

select * from final

{#-
    The versions of a target with the days for which each answers, [valid_from, valid_to), without gaps: a version
    answers until the next one begins, also after its closing, and the first one for all the time before; and whether the key
    is known now.
-#}
{% macro versions_with_validity(target_name, columns) -%}
with

versions as (
    select * from {{ ref(target_name) }}
),

final as (
    select
        {{ columns | join(',\n') | indent(8) }},
        effective_date,
        expiry_date,
        case
            when lag(effective_date) over (partition by record_key order by effective_date) is null
                then date '0001-01-01'
            else effective_date
        end as valid_from,
        lead(effective_date) over (partition by record_key order by effective_date) as valid_to,
        max(expiry_date is null) over (partition by record_key) as is_known
    from versions
)

select * from final
{%- endmacro %}

{#- Write the batch's rows of batch_reconciliation, one per feed, which record it as applied. -#}
{% macro reconcile(batch, counts) -%}
    {%- set reconciled -%}
        with

        rule_results as (
            select
                status,
                {#- Decimals: a sum of doubles would depend on the order in which the engine adds them. #}
                cast(
                    case declared_severity when 'HIGH' then 25 when 'MEDIUM' then 10 else 3 end
                    * cast(failed_records as double) / nullif(cast(checked_records as double), 0)
                    as decimal(28, 12)
                ) as penalty
            from {{ pipeline_relation('ops', 'validation_results') }}
            where batch_id = {{ sql_text(batch['batch_id']) }} and batch_date = date '{{ batch['batch_date'] }}'
        ),

        scored as (
            select
                greatest(
                    cast(0 as double),
                    cast(100 as double) - coalesce(cast(sum(penalty) as double), cast(0 as double))
                ) as batch_score,
                case
                    when coalesce(max(case when status = 'FAIL' then 1 end), 0) = 1 then 'FAIL'
                    else 'PASS'
                end as batch_status
            from rule_results
        )

        select
            batch_counts.batch_id,
            batch_counts.batch_date,
            batch_counts.landing_number,
            batch_counts.feed,
            batch_counts.file_rows,
            batch_counts.landed_rows,
            batch_counts.valid_rows,
            batch_counts.quarantined_rows,
            batch_counts.is_balanced,
            scored.batch_score,
            scored.batch_status
        from {{ counts }} as batch_counts
        cross join scored
    {%- endset -%}
    {%- do replace_rows('batch_reconciliation', 'landing_number', batch['landing_number'], ['feed'], reconciled) -%}
{%- endmacro %}

{#-
    Post-hook of an error table: earlier rows are resolved by the current batch when it brings a valid row for their key.
    When a batch is applied again after a rule or a seed was changed, rows of it that are no longer quarantined leave the
    table, and rows that it no longer resolves are open again. Most batches settle nothing: a query is cheaper than a MERGE, which
    evaluates it more than once.
-#}
{% macro settle_errors(feed) -%}
    {%- set settled -%}
        select
            recorded.error_id,
            recorded._batch_date = current_batch.batch_date as is_released,
            case when valid_rows.record_key is not null then current_batch.batch_id end as resolved_by_batch_id
        from {{ this }} as recorded
        inner join {{ pipeline_relation('ops', 'current_batch') }} as current_batch
            on recorded._batch_date <= current_batch.batch_date
        left join (
            select {{ error_id('base_rows') | indent(12) }} as error_id
            from {{ pipeline_relation('staging', 'base_' ~ feed) }} as base_rows
            where base_rows.is_quarantined
        ) as quarantined_rows
            on recorded.error_id = quarantined_rows.error_id
        left join (
            select record_key
            from {{ pipeline_relation('staging', 'base_' ~ feed) }}
            where not is_quarantined
        ) as valid_rows
            on recorded.record_key = valid_rows.record_key
        where
            case
                when recorded._batch_date = current_batch.batch_date then quarantined_rows.error_id is null
                when valid_rows.record_key is not null then recorded.resolved_by_batch_id is null
                else recorded.resolved_by_batch_id = current_batch.batch_id
            end
    {%- endset -%}
    {%- if execute and run_query('select 1 from (' ~ settled ~ ') as settled limit 1').rows -%}
        merge into {{ this }} as errors
        using (
            {{ settled }}
        ) as settled
        on errors.error_id = settled.error_id
        when matched and settled.is_released then delete
        when matched then update set resolved_by_batch_id = settled.resolved_by_batch_id
    {%- endif -%}
{%- endmacro %}

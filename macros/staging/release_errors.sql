{#-
    Post-hook of an error table: when a batch is applied again after a rule or a seed was changed, rows of it that are
    no longer quarantined leave the table.
-#}
{% macro release_errors(feed) -%}
    merge into {{ this }} as errors
    using (
        select recorded.error_id
        from {{ this }} as recorded
        inner join {{ pipeline_relation('ops', 'current_batch') }} as current_batch
            on recorded._batch_date = current_batch.batch_date
        left anti join (
            select {{ error_id('base_rows') | indent(12) }} as error_id
            from {{ pipeline_relation('staging', 'base_' ~ feed) }} as base_rows
            where base_rows.is_quarantined
        ) as quarantined
            on recorded.error_id = quarantined.error_id
    ) as released
    on errors.error_id = released.error_id
    when matched then delete
{%- endmacro %}

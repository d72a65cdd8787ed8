{#- Append the build to processing_log, and tell the user how the batch stands. -#}
{% macro log_build(results, batch) -%}
    {%- set failed = failed_nodes(results) -%}
    {%- set applied = run_query(
        'select sum(landed_rows), sum(valid_rows), sum(quarantined_rows), max(batch_score), max(batch_status) from '
        ~ pipeline_relation('ops', 'batch_reconciliation')
        ~ ' where landing_number = ' ~ batch['landing_number']
    ).rows[0] -%}
    {%- if failed -%}
        {%- set message = flags.WHICH ~ ' failed in ' ~ failed | join('; ') -%}
    {%- elif applied[4] -%}
        {%- set message = 'Batch ' ~ batch['batch_id'] ~ ' of ' ~ batch['batch_date'] ~ ' is applied: '
            ~ applied[1] ~ ' of ' ~ applied[0] ~ ' rows valid, ' ~ applied[2] ~ ' quarantined; score '
            ~ (applied[3] | float | round(2)) ~ ', ' ~ applied[4] ~ '.' -%}
    {%- else -%}
        {%- set message = flags.WHICH ~ ' done; the batch is not wholly applied yet.' -%}
    {%- endif -%}
    {%- set status = 'FAILED' if failed else 'SUCCESS' -%}
    {%- do append_to_log('build', status, batch, message, applied[0], applied[1], applied[2]) -%}
    {%- do log(message, info=true) -%}
{%- endmacro %}

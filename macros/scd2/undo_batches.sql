{#- Undo what batches from a date on have done to error tables, targets and results; `since` is SQL of the date. -#}
{% macro undo_batches(since) -%}
    {%- set landed_files = pipeline_relation('landing', 'landed_files') -%}
    {#- An id withdrawn from a later date may stand for an earlier batch by now. #}
    {%- set undone = [] -%}
    {%- for row in run_query(
        'select distinct landed.batch_id from ' ~ landed_files ~ ' as landed'
        ~ ' left anti join (select earlier.batch_id from ' ~ landed_files ~ ' as earlier left anti join '
        ~ pipeline_relation('ops', 'withdrawals') ~ ' as withdrawals'
        ~ ' on earlier.landing_number = withdrawals.landing_number where earlier.batch_date < ' ~ since ~ ') as standing'
        ~ ' on landed.batch_id = standing.batch_id where landed.batch_date >= ' ~ since
    ).rows -%}
        {%- do undone.append(sql_text(row[0])) -%}
    {%- endfor -%}
    {%- set dated = [] -%}
    {%- for feed in feeds() -%}
        {%- set errors = load_relation(pipeline_relation('staging', feed ~ '_errors')) -%}
        {%- if errors and undone -%}
            {%- do run_query(
                'update ' ~ errors ~ ' set resolved_by_batch_id = cast(null as string)'
                ~ ' where resolved_by_batch_id in (' ~ undone | join(', ') ~ ')'
            ) -%}
        {%- endif -%}
        {%- do dated.append(('staging', feed ~ '_errors', '_batch_date')) -%}
        {%- set target_table = load_relation(pipeline_relation('targets', feed ~ '_target')) -%}
        {%- if target_table -%}
            {%- do run_query('delete from ' ~ target_table ~ ' where effective_date >= ' ~ since) -%}
            {%- do run_query(
                'update ' ~ target_table ~ ' set expiry_date = cast(null as date) where expiry_date >= ' ~ since
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for suffix, name, date_column in dated + [
        ('marts', 'analytics_summary', 'report_date'),
        ('ops', 'validation_results', 'batch_date'),
        ('ops', 'batch_reconciliation', 'batch_date'),
    ] -%}
        {%- set results = load_relation(pipeline_relation(suffix, name)) -%}
        {%- if results -%}
            {%- do run_query('delete from ' ~ results ~ ' where ' ~ date_column ~ ' >= ' ~ since) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

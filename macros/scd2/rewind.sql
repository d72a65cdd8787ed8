{#-
    Pre-hook of current_batch. When the batch to apply next is late (older than the batch last begun) or takes the
    place of one of the same date, everything from its date on is undone: versions opened since then go, versions closed
    and error rows resolved since then are open again, and the results of the batches concerned are deleted, so that they
    count as pending and are replayed in order. Each statement may be repeated: a rewind cut short is simply done again,
    because current_batch changes only afterwards.
-#}
{% macro rewind() -%}
    {%- if execute and load_relation(this) is not none -%}
        {%- set next = run_query(next_batch()).rows | first -%}
        {%- set previous = run_query('select * from ' ~ this).rows | first -%}
        {%- if next and previous
            and previous['landing_number'] != next['landing_number']
            and previous['batch_date'] | string >= next['batch_date'] | string -%}
            {%- do log(
                'Batch ' ~ next['batch_id'] ~ ' of ' ~ next['batch_date']
                ~ ' is late or replaces one: rewinding to before ' ~ next['batch_date']
                ~ ' and replaying from there.', info=true
            ) -%}
            {%- set since = "date '" ~ next['batch_date'] ~ "'" -%}
            {%- set undone = [] -%}
            {%- for row in run_query(
                'select distinct batch_id from ' ~ pipeline_relation('landing', 'landed_files')
                ~ ' where batch_date >= ' ~ since
            ).rows -%}
                {%- do undone.append(sql_text(row[0])) -%}
            {%- endfor -%}
            {%- set dated = [] -%}
            {%- for feed in feeds() -%}
                {%- set errors = load_relation(pipeline_relation('staging', feed ~ '_errors')) -%}
                {%- if errors -%}
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
            {%- do append_to_log('replay', 'SUCCESS', next,
                'Rewound to before ' ~ next['batch_date'] ~ '; the batches from there on are applied again.') -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

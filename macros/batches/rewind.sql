{#-
    Pre-hook of current_batch. When the batch to apply next is late (older than the batch last begun) or takes the
    place of one of the same date, or when a batch was withdrawn, everything from that date on is undone: versions opened
    since then go, versions closed and error rows resolved since then are open again, and the results of the batches
    concerned are deleted, so that they count as pending and are replayed in order. After a withdrawal the batch to apply
    next is among them even if it is older, since it is what brings the other tables back to before the withdrawn one. Each
    statement may be repeated: a rewind cut short is simply done again, because current_batch changes only afterwards.
-#}
{% macro rewind() -%}
    {%- if execute -%}
        {%- set next = run_query(next_batch()).rows | first -%}
        {%- set previous = (run_query('select * from ' ~ this).rows | first) if load_relation(this) else none -%}
        {%- set withdrawals = pipeline_relation('ops', 'withdrawals') -%}
        {%- set withdrawn = run_query(
            'select batch_id, batch_date from ' ~ withdrawals ~ ' where not is_undone order by batch_date, landing_number'
        ).rows -%}
        {%- set dates = [] -%}
        {%- for batch in withdrawn -%}
            {%- do dates.append(batch['batch_date'] | string) -%}
            {%- do append_to_log('withdraw', 'SUCCESS', batch,
                'Withdrawn: its rows stay in landing, the tables are rebuilt without it.') -%}
        {%- endfor -%}
        {%- if next and (withdrawn or (
            previous
            and previous['landing_number'] != next['landing_number']
            and previous['batch_date'] | string >= next['batch_date'] | string
        )) -%}
            {%- do dates.append(next['batch_date'] | string) -%}
        {%- endif -%}
        {%- if dates -%}
            {%- set rewound_to = dates | min -%}
            {%- set message = 'Rewound to before ' ~ rewound_to ~ '; the batches from there on are applied again.' -%}
            {%- do log(message, info=true) -%}
            {%- do undo_batches("date '" ~ rewound_to ~ "'") -%}
            {%- do append_to_log('replay', 'SUCCESS', next, message) -%}
            {#- From here on the batch to apply next is pending, and a kill is like any other. Where there is none, the end of
                the build that empties the tables will tell (record_run). #}
            {%- if withdrawn and next -%}
                {%- do run_query(
                    'update ' ~ withdrawals ~ " set is_undone = true where batch_date >= date '" ~ rewound_to ~ "'"
                ) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

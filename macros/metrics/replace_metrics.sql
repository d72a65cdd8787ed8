{#- Put a batch's rows into a table that has one per batch, feed and metric, in place of all that it had; in one commit. -#}
{% macro replace_metrics(table, batch, rows) -%}
    {%- set merge -%}
        merge into {{ pipeline_relation('ops', table) }} as recorded
        using ({{ rows }}) as found
        on recorded.batch_date = found.batch_date
            and recorded.feed = found.feed
            and recorded.metric = found.metric
        when matched then update set *
        when not matched then insert *
        when not matched by source and recorded.batch_date = date '{{ batch['batch_date'] }}' then delete
    {%- endset -%}
    {%- do run_query(merge) -%}
{%- endmacro %}

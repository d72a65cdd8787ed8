{#-
    Measure the current batch, and put its rows into batch_metrics in place of earlier ones. A feed that it does not name has NULL.
    Measured first and merged as values: a MERGE evaluates a query more than once.
-#}
{% macro record_metrics(batch) -%}
    {%- set measure -%}
        select
            measured.feed,
            measured.metric,
            {#- As a text a double comes back exactly. #}
            cast(case when named.feed is not null then measured.value end as string) as value
        from (
            {%- for feed in feeds() %}
            {{ feed_metrics(feed, batch) }}
            {{- ' union all' if not loop.last }}
            {%- endfor %}
        ) as measured
        left join (
            select feed from {{ pipeline_relation('landing', 'landed_files') }}
            where landing_number = {{ batch['landing_number'] }}
        ) as named
            on measured.feed = named.feed
        order by measured.feed, measured.metric
    {%- endset -%}
    {%- set rows -%}
        select
            {{ sql_text(batch['batch_id']) }} as batch_id,
            date '{{ batch['batch_date'] }}' as batch_date,
            feed,
            metric,
            cast(value as double) as value
        from values
            {%- for row in run_query(measure).rows %}
            ({{ sql_text(row['feed']) }}, {{ sql_text(row['metric']) }}, {{ sql_text(row['value']) }})
            {{- ',' if not loop.last }}
            {%- endfor %}
            as measured (feed, metric, value)
    {%- endset -%}
    {%- do replace_metrics('batch_metrics', batch, rows) -%}
{%- endmacro %}

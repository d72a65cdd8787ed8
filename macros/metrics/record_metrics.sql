{#- Measure the current batch, and put its rows into batch_metrics in place of earlier ones. A feed that it does not name has NULL. -#}
{% macro record_metrics(batch) -%}
    {%- set measure -%}
        select
            measured.feed,
            measured.metric,
            case when named.feed is not null then measured.value end as value
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
    {%- endset -%}
    {%- do replace_metrics('batch_metrics', batch, measure, {'feed': 'string', 'metric': 'string', 'value': 'double'}) -%}
{%- endmacro %}

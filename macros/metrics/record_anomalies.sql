{#- Judge the current batch's metrics, put the results into metric_anomalies, and warn of the anomalies in processing_log. -#}
{% macro record_anomalies(batch) -%}
    {%- do replace_metrics('metric_anomalies', batch, judged_metrics(batch['batch_date'])) -%}
    {%- set found = [] -%}
    {%- for row in run_query(
        'select feed, metric, value, expected, direction from ' ~ pipeline_relation('ops', 'metric_anomalies')
        ~ " where is_anomaly and batch_date = date '" ~ batch['batch_date'] ~ "' order by feed, metric"
    ).rows -%}
        {%- do found.append(
            row['feed'] ~ ' ' ~ row['metric'] ~ ' ' ~ (row['value'] | float | round(2)) ~ ' is ' ~ row['direction']
            ~ ', expected ' ~ (row['expected'] | float | round(2))
        ) -%}
    {%- endfor -%}
    {%- if found -%}
        {%- do append_to_log('anomalies', 'WARNING', batch,
            'Odd in this batch: ' ~ found | join('; ') ~ '. What to look at stands in metric_anomalies.') -%}
    {%- endif -%}
{%- endmacro %}

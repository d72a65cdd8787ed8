{#- Judge the current batch's metrics, put the results into metric_anomalies, and warn of the anomalies in processing_log. -#}
{% macro record_anomalies(batch) -%}
    {%- set columns = {
        'feed': 'string',
        'metric': 'string',
        'value': 'double',
        'expected': 'double',
        'spread': 'double',
        'score': 'double',
        'is_anomaly': 'boolean',
        'direction': 'string',
        'advice': 'string',
    } -%}
    {%- set judged = replace_metrics('metric_anomalies', batch, judged_metrics(batch['batch_date']), columns) -%}
    {%- set found = [] -%}
    {%- for row in judged if row['is_anomaly'] == 'true' -%}
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

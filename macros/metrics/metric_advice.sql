{#- SQL of the rule of thumb for a row's feed and metric: what an anomaly of it most often comes from, and what to look at. -#}
{% macro metric_advice() -%}
{%- set texts = graph.sources['source.' ~ project_name ~ '.ops.batch_metrics'].config.meta.advice -%}
case
    when is_missing then {{ sql_text(texts.missing_feed | trim) }}
    {%- for feed in feeds() %}
    {%- for metric, declared in contract()[feed].config.meta.get('metrics', {}).items() %}
    when feed = '{{ feed }}' and metric = '{{ metric }}' then {{ sql_text(declared.advice | trim) }}
    {%- endfor %}
    {%- endfor %}
    {%- for name, text in texts.items() if name != 'missing_feed' %}
    when split(metric, ':')[0] = '{{ name }}' then {{ sql_text(text | trim) }}
    {%- endfor %}
end
{%- endmacro %}

{#-
    A query that measures the current batch's rows of a feed, one row (feed, metric, value) per metric; NULL where there was nothing
    to measure. Metrics of this feed alone are declared with its contract, as SQL over its valid rows.
-#}
{% macro feed_metrics(feed, batch) -%}
{%- set own = contract()[feed].config.meta.get('metrics', {}) -%}
{%- set measured_on = contract()[feed].config.meta.get('metrics_from', 'stg_' ~ feed) -%}
{%- set day = "date '" ~ batch['batch_date'] ~ "'" -%}
{%- set nullable = nullable_columns(feed) -%}
{%- set target = pipeline_relation('targets', feed ~ '_target') -%}
select
    '{{ feed }}' as feed,
    explode(map(
        'rows', cast(row_count as double),
        'valid_rows', cast(valid_count as double),
        'quarantined_pct', 100 * {{ ratio('row_count - valid_count', 'row_count') }},
        'distinct_keys', cast(key_count as double),
        'new_keys', cast(new_key_count as double),
        'changed_keys', cast(changed_key_count as double),
        'closed_keys', cast(closed_key_count as double)
        {%- for column in nullable %},
        'null_pct:{{ column }}', 100 * {{ ratio('valid_count - filled_' ~ loop.index, 'valid_count') }}
        {%- endfor %}
        {%- for metric in own %},
        '{{ metric }}', cast({{ metric }} as double)
        {%- endfor %}
    )) as (metric, value)
from (
    select
        count(*) as row_count,
        count(case when not is_quarantined then 1 end) as valid_count,
        {%- for column in nullable %}
        count(case when not is_quarantined then {{ column }} end) as filled_{{ loop.index }},
        {%- endfor %}
        count(distinct case when _raw_line is null then record_key end) as key_count
    from {{ pipeline_relation('staging', 'base_' ~ feed) }}
) as batch_rows
cross join (
    select
        count(case when first_date = {{ day }} then 1 end) as new_key_count,
        count(case when last_date = {{ day }} and first_date < {{ day }} then 1 end) as changed_key_count,
        count(case when last_date < {{ day }} then 1 end) as closed_key_count
    from (
        select
            versions.record_key,
            min(versions.effective_date) as first_date,
            max(versions.effective_date) as last_date
        from {{ target }} as versions
        left semi join (
            select record_key from {{ target }}
            where effective_date = {{ day }} or expiry_date = {{ day }}
        ) as touched
            on versions.record_key = touched.record_key
        group by versions.record_key
    ) as touched_keys
) as batch_keys
{%- if own %}
cross join (
    select
        {%- for metric, declared in own.items() %}
        {{ declared.value }} as {{ metric }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ pipeline_relation('staging', measured_on) }}
) as own_metrics
{%- endif %}
{%- endmacro %}

{#- SQL of each id that a batch from a date on had; not of one that was withdrawn there and stands for an earlier batch by now. -#}
{% macro undone_ids(since) -%}
    {%- set landed_files = pipeline_relation('landing', 'landed_files') -%}
    {%- set ids = [] -%}
    {%- for row in run_query(
        'select distinct landed.batch_id from ' ~ landed_files ~ ' as landed'
        ~ ' left anti join (select earlier.batch_id from ' ~ landed_files ~ ' as earlier left anti join '
        ~ pipeline_relation('ops', 'withdrawals') ~ ' as withdrawals'
        ~ ' on earlier.landing_number = withdrawals.landing_number where earlier.batch_date < ' ~ since ~ ') as standing'
        ~ ' on landed.batch_id = standing.batch_id where landed.batch_date >= ' ~ since
    ).rows -%}
        {%- do ids.append(sql_text(row[0])) -%}
    {%- endfor -%}
    {{ return(ids) }}
{%- endmacro %}

{#- Names of the feeds that the current batch brings as full loads. Asked once in each dbt run. -#}
{% macro full_loads() -%}
    {%- if graph.get('ecomm_full_loads', {}).invocation_id != invocation_id -%}
        {%- set named -%}
            select distinct landed_files.feed
            from {{ pipeline_relation('ops', 'current_batch') }} as current_batch
            inner join {{ pipeline_relation('landing', 'landed_files') }} as landed_files
                on current_batch.landing_number = landed_files.landing_number
            where landed_files.load_type = 'full'
        {%- endset -%}
        {%- set of_feeds = run_query(named).columns[0].values() | list -%}
        {%- do graph.update({'ecomm_full_loads': {'invocation_id': invocation_id, 'feeds': of_feeds}}) -%}
    {%- endif -%}
    {{ return(graph['ecomm_full_loads'].feeds) }}
{%- endmacro %}

{#-
    SQL of the current batch's day: while a build runs a literal, by which engines leave the files of other days out, as they cannot
    by a join. Asked once in each dbt run. A unit test has a batch of its own, and a query by hand none: there it is the column.
-#}
{% macro current_day() -%}
    {%- set is_unit_test = model is defined and model.resource_type == 'unit_test' -%}
    {%- if not execute or is_unit_test or flags.WHICH not in ['build', 'run', 'retry'] -%}
        {{ return('current_batch.batch_date') }}
    {%- endif -%}
    {%- if graph.get('ecomm_current_day', {}).invocation_id != invocation_id -%}
        {%- set batch = run_query('select batch_date from ' ~ pipeline_relation('ops', 'current_batch')).rows | first -%}
        {%- set day = "date '" ~ batch['batch_date'] ~ "'" if batch else 'current_batch.batch_date' -%}
        {%- do graph.update({'ecomm_current_day': {'invocation_id': invocation_id, 'day': day}}) -%}
    {%- endif -%}
    {{ return(graph['ecomm_current_day'].day) }}
{%- endmacro %}

{#-
    End of every dbt run that tests or builds: once the batch is wholly built, record the rules' results and its
    metrics, and reconcile it; append to the log.
-#}
{% macro record_run(results) -%}
    {%- set ran = results | rejectattr('node.resource_type', 'equalto', 'unit_test') | list -%}
    {%- if execute and ran and flags.WHICH in ['build', 'run', 'test', 'snapshot', 'retry'] -%}
        {%- set current_batch = load_relation(pipeline_relation('ops', 'current_batch')) -%}
        {%- set batch = (run_query('select * from ' ~ current_batch).rows | first) if current_batch else none -%}
        {%- if not batch -%}
            {%- do record_empty_run(results) -%}
        {%- else -%}
            {%- if not record_built(results, batch) -%}
                {%- set counts = count_batch() -%}
                {%- do record_rule_results(results, batch, counts) -%}
                {%- do record_metrics(batch) -%}
                {%- do record_anomalies(batch) -%}
                {%- do reconcile(batch, counts) -%}
            {%- endif -%}
            {%- do log_build(results, batch) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

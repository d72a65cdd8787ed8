{#-
    Undo what batches from a date on have done; `since` is SQL of the date. dbt's graph says which tables keep batches: the
    snapshots, and the incremental models, which name the column of the batch's date in meta.dated_by, and the one of the batch that
    closed a row, if there is one, in meta.closed_by.
-#}
{% macro undo_batches(since) -%}
    {%- set nodes = graph.nodes.values() | selectattr('package_name', 'equalto', project_name) | list -%}
    {%- for node in nodes if node.config.materialized == 'incremental' and node.config.meta.dated_by is not defined -%}
        {%- do exceptions.raise_compiler_error(
            node.name ~ ' is incremental, and nothing says which of its rows are of which batch. Name the column of the'
            ~ " batch's date in its config: meta: {dated_by: batch_date}"
        ) -%}
    {%- endfor -%}
    {%- for node in nodes if node.resource_type == 'snapshot' and load_relation(node_relation(node)) -%}
        {%- do run_query('delete from ' ~ node_relation(node) ~ ' where effective_date >= ' ~ since) -%}
        {%- do run_query(
            'update ' ~ node_relation(node) ~ ' set expiry_date = cast(null as date) where expiry_date >= ' ~ since
        ) -%}
    {%- endfor -%}
    {%- set undone = undone_ids(since) -%}
    {%- for node in nodes if node.config.materialized == 'incremental' and load_relation(node_relation(node)) -%}
        {%- set meta = node.config.meta -%}
        {%- if meta.closed_by is defined and undone -%}
            {%- do run_query(
                'update ' ~ node_relation(node) ~ ' set ' ~ meta.closed_by ~ ' = cast(null as string)'
                ~ ' where ' ~ meta.closed_by ~ ' in (' ~ undone | join(', ') ~ ')'
            ) -%}
        {%- endif -%}
        {%- do run_query('delete from ' ~ node_relation(node) ~ ' where ' ~ meta.dated_by ~ ' >= ' ~ since) -%}
    {%- endfor -%}
    {%- for results in ['validation_results', 'batch_metrics', 'metric_anomalies', 'batch_reconciliation'] -%}
        {%- do run_query('delete from ' ~ pipeline_relation('ops', results) ~ ' where batch_date >= ' ~ since) -%}
    {%- endfor -%}
{%- endmacro %}

{#-
    End of a dbt run without a batch. After the only batch was withdrawn the run has emptied the tables: once all of it has
    succeeded, the withdrawal is undone.
-#}
{% macro record_empty_run(results) -%}
    {%- set built = results | selectattr('status', 'equalto', 'success') | map(attribute='node.unique_id') | list -%}
    {%- set failed = failed_nodes(results) -%}
    {%- if failed -%}
        {%- set message = flags.WHICH ~ ' failed in ' ~ failed | join('; ') -%}
        {%- do append_to_log('build', 'FAILED', none, message) -%}
    {%- else -%}
        {%- set message = 'No batch is landed: there was nothing to apply. Land one with: python -m ingest run' -%}
        {%- if not nodes_to_build() | reject('in', built) | list -%}
            {%- do run_query(
                'update ' ~ pipeline_relation('ops', 'withdrawals') ~ ' set is_undone = true where not is_undone'
            ) -%}
            {%- do append_to_log('build', 'SUCCESS', none, message) -%}
        {%- endif -%}
    {%- endif -%}
    {%- do log(message, info=true) -%}
{%- endmacro %}

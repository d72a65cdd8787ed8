{#- Append a row to processing_log for a step of this dbt invocation; `batch` is a row of current_batch or none. -#}
{% macro append_to_log(step, status, batch, message, total=none, valid=none, invalid=none) -%}
    {%- set row -%}
        insert into {{ pipeline_relation('ops', 'processing_log') }}
        select
            {{ sql_text(invocation_id) }} as run_id,
            {{ sql_text(batch['batch_id'] if batch else none) }} as batch_id,
            cast({{ sql_text(batch['batch_date'] if batch else none) }} as date) as batch_date,
            {{ sql_text(step) }} as step,
            cast(null as string) as feed,
            cast(null as string) as source_file,
            cast(null as string) as file_sha256,
            {{ sql_text(status) }} as status,
            cast({{ total if total is not none else 'null' }} as bigint) as total_records,
            cast({{ valid if valid is not none else 'null' }} as bigint) as valid_records,
            cast({{ invalid if invalid is not none else 'null' }} as bigint) as invalid_records,
            cast(null as int) as archived_files,
            {{ sql_text(message) }} as message,
            timestamp '{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}' as started_at,
            current_timestamp() as finished_at
    {%- endset -%}
    {%- do run_query(row) -%}
{%- endmacro %}

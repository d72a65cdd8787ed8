{#-
    Pre-hook of a target's snapshot. When the batch brings the feed as a full load, the current keys that no
    well-formed row of it names are closed at batch_date. A full load that would close more than 30 % of the
    current keys, and at least 20, stops the build: it is more likely a truncated file. ECOMM_ALLOW_MASS_CLOSING=true,
    or the variable allow_mass_closing, lets it pass.
-#}
{% macro close_absent_keys() -%}
    {%- set feed = model.config.meta.feed -%}
    {%- if execute and load_relation(this) is not none and feed in full_loads() -%}
        {%- set allow_mass_closing = var('allow_mass_closing', env_var('ECOMM_ALLOW_MASS_CLOSING', 'false')) -%}
        {%- set absent -%}
            select
                current_versions.record_key,
                current_batch.batch_date
            from {{ this }} as current_versions
            inner join {{ pipeline_relation('ops', 'current_batch') }} as current_batch
                on current_versions.effective_date <= current_batch.batch_date
            left anti join (
                select record_key from {{ pipeline_relation('staging', 'base_' ~ feed) }}
                where _raw_line is null
            ) as present_rows
                on current_versions.record_key = present_rows.record_key
            where current_versions.expiry_date is null
        {%- endset -%}
        {%- set absent_keys = run_query('select count(*) from (' ~ absent ~ ') as absent_keys').rows[0][0] | int -%}
        {%- if absent_keys > 0 -%}
            {%- set current_keys = run_query(
                'select count(*) from ' ~ this ~ ' where expiry_date is null'
            ).rows[0][0] | int -%}
            {%- if absent_keys >= 20 and absent_keys > 0.3 * current_keys
                and allow_mass_closing | string | lower != 'true' -%}
                {%- do exceptions.raise_compiler_error(
                    'The full load of ' ~ feed ~ ' lacks ' ~ absent_keys ~ ' of the ' ~ current_keys
                    ~ ' current keys and would close them. If the file is whole, run again with '
                    ~ 'ECOMM_ALLOW_MASS_CLOSING=true (on Databricks with the job parameter allow_mass_closing); if not, '
                    ~ 'deliver the whole file with "supersedes": true, and with it all other files of the day.'
                ) -%}
            {%- endif -%}
            {%- set close -%}
                merge into {{ this }} as current_versions
                using ({{ absent }}) as absent_keys
                on current_versions.record_key = absent_keys.record_key and current_versions.expiry_date is null
                when matched then update set expiry_date = absent_keys.batch_date
            {%- endset -%}
            {%- do run_query(close) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

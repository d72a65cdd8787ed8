{#-
    Pre-hook of current_batch: batch_counts names no batch until this build has come to its end. Else, where the batch was
    built before, a mart that fails now would leave it counted.
-#}
{% macro clear_counts() -%}
    {%- if execute -%}
        {%- set counts = load_relation(pipeline_relation('ops', 'batch_counts')) -%}
        {%- if counts -%}
            {%- do run_query('delete from ' ~ counts ~ ' where landing_number is not null') -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

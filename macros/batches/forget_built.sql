{#-
    Pre-hook of current_batch: nothing counts as built for a batch until this build has come to its end. Else, where the batch
    was built before, a mart that fails now would still count.
-#}
{% macro forget_built() -%}
    {%- if execute -%}
        {%- do run_query('delete from ' ~ pipeline_relation('ops', 'built_nodes') ~ ' where landing_number is not null') -%}
    {%- endif -%}
{%- endmacro %}

{#-
    dbt-spark reads the catalog's columns from this list, where a catalog in memory, as on target spark, leaves those of
    Delta tables out. So `dbt docs generate` adds them; no other command needs them, and each costs a statement.
-#}
{% macro spark__list_relations_without_caching(relation) -%}
    {%- if target.type == 'databricks' -%}
        {#- The project's macros go before dbt-databricks' own. -#}
        {{ return(databricks__list_relations_without_caching(relation)) }}
    {%- endif -%}
    {%- set listed = run_query('show table extended in ' ~ relation.schema ~ " like '*'") -%}
    {%- if target.name != 'spark' or flags.WHICH != 'generate' -%}
        {{ return(listed) }}
    {%- endif -%}
    {%- set tables = [] -%}
    {%- for namespace, name, is_temporary, information in listed.rows -%}
        {%- set lines = [information] -%}
        {%- if not is_temporary -%}
            {%- for column in run_query('describe table ' ~ namespace ~ '.' ~ name).rows
                if column[0] and not column[0].startswith('#') -%}
                {%- do lines.append(' |-- ' ~ column[0] ~ ': ' ~ column[1] ~ ' (nullable = true)') -%}
            {%- endfor -%}
        {%- endif -%}
        {%- do tables.append([namespace, name, is_temporary, lines | join('\n')]) -%}
    {%- endfor -%}
    {{ return(tables) }}
{%- endmacro %}

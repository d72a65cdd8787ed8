{#-
    dbt-spark would add the contracts' constraints with ALTER TABLE, which Sail does not know; here the same promises are
    dbt tests, which fail the build. On Databricks dbt would find this macro before its own, because the project's go first.
-#}
{% macro spark__persist_constraints(relation, model) -%}
    {%- if target.type == 'databricks' -%}
        {%- do databricks__persist_constraints(relation, model) -%}
    {%- endif -%}
{%- endmacro %}

{#-
    Give the target of a snapshot columns and types. Sail cannot alter a table: it is written anew, in one commit. Apache Spark
    adds columns by ALTER TABLE, and writes anew what it widens: Delta's type widening would shut out other readers of the
    warehouse. Databricks widens by ALTER TABLE what its documentation names.
-#}
{% macro alter_target(added, widened, other) -%}
    {%- set altered = {} -%}
    {%- set rewritten = dict(other) -%}
    {%- set columns = adapter.get_columns_in_relation(this) -%}
    {%- for column in columns if column.name in widened -%}
        {%- set type = widened[column.name] -%}
        {#- docs.databricks.com/delta/type-widening: a date becomes a timestamp without a zone only, a bigint a decimal of
            20 digits and more. #}
        {%- set is_documented = type != 'timestamp'
            and (column.data_type != 'bigint' or is_wider_type('decimal(20,0)', type)) -%}
        {%- do (altered if target.type == 'databricks' and is_documented else rewritten).update({column.name: type}) -%}
    {%- endfor -%}
    {%- if rewritten or (added and target.name == 'local') -%}
        {%- set select_list = [] -%}
        {%- for column in columns -%}
            {%- do select_list.append(
                'cast(' ~ column.name ~ ' as ' ~ rewritten[column.name] ~ ') as ' ~ column.name
                if column.name in rewritten else column.name
            ) -%}
        {%- endfor -%}
        {%- for name, type in (added.items() if target.name == 'local' else []) -%}
            {%- do select_list.append('cast(null as ' ~ type ~ ') as ' ~ name) -%}
        {%- endfor -%}
        {%- do run_query(create_table_as(false, this, 'select ' ~ select_list | join(', ') ~ ' from ' ~ this)) -%}
    {%- endif -%}
    {%- if added and target.name != 'local' -%}
        {%- set declared = [] -%}
        {%- for name, type in added.items() -%}
            {%- do declared.append(name ~ ' ' ~ type) -%}
        {%- endfor -%}
        {%- do run_query('alter table ' ~ this ~ ' add columns (' ~ declared | join(', ') ~ ')') -%}
    {%- endif -%}
    {%- if altered -%}
        {%- do run_query('alter table ' ~ this ~ " set tblproperties ('delta.enableTypeWidening' = 'true')") -%}
        {%- for name, type in altered.items() -%}
            {%- do run_query('alter table ' ~ this ~ ' alter column ' ~ name ~ ' type ' ~ type) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

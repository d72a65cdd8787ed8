{#-
    Give the target of a snapshot columns and types. Added columns and documented widenings are ALTER TABLE where there is
    one; what else there is, and all of it on Sail, which cannot alter a table, is written anew in one commit.
-#}
{% macro alter_target(added, widened, other) -%}
    {%- set altered = {} -%}
    {%- set rewritten = dict(other) -%}
    {%- for name, type in widened.items() -%}
        {#- docs.databricks.com/delta/type-widening: date becomes a timestamp without a zone only. #}
        {%- do (rewritten if target.name == 'local' or type == 'timestamp' else altered).update({name: type}) -%}
    {%- endfor -%}
    {%- if rewritten or (added and target.name == 'local') -%}
        {%- set select_list = [] -%}
        {%- for column in adapter.get_columns_in_relation(this) -%}
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
        {%- set columns = [] -%}
        {%- for name, type in added.items() -%}
            {%- do columns.append(name ~ ' ' ~ type) -%}
        {%- endfor -%}
        {%- do run_query('alter table ' ~ this ~ ' add columns (' ~ columns | join(', ') ~ ')') -%}
    {%- endif -%}
    {%- if altered -%}
        {%- do run_query('alter table ' ~ this ~ " set tblproperties ('delta.enableTypeWidening' = 'true')") -%}
        {%- for name, type in altered.items() -%}
            {%- do run_query('alter table ' ~ this ~ ' alter column ' ~ name ~ ' type ' ~ type) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#-
    Put what a query finds into a table of results, in place of the rows that have the same value in a column; in one commit. The key
    tells those rows apart. Most often there are none yet: then an INSERT does, which an engine plans in a fraction of a MERGE's time
    (BY NAME: docs.databricks.com/sql/language-manual/sql-ref-syntax-dml-insert-into).
-#}
{% macro replace_rows(table, column, value, key, query) -%}
    {%- set relation = pipeline_relation('ops', table) -%}
    {%- set earlier = run_query('select 1 from ' ~ relation ~ ' where ' ~ column ~ ' = ' ~ value ~ ' limit 1').rows -%}
    {%- set statement -%}
        {%- if earlier -%}
        merge into {{ relation }} as recorded
        using ({{ query }}) as found
        on recorded.{{ column }} = found.{{ column }}
            {%- for name in key %}
            and recorded.{{ name }} = found.{{ name }}
            {%- endfor %}
        when matched then update set *
        when not matched then insert *
        when not matched by source and recorded.{{ column }} = {{ value }} then delete
        {%- else -%}
        insert into {{ relation }} by name
        {{ query }}
        {%- endif -%}
    {%- endset -%}
    {%- do run_query(statement) -%}
{%- endmacro %}

{#-
    Pre-hook of current_batch: the contract is the one that ingest has let the tables follow (ingest/batches/evolution.py). A build
    under another one, which ingest might refuse, would bend the targets.
-#}
{% macro check_contract() -%}
    {%- set history = pipeline_relation('ops', 'contract_history') -%}
    {%- if execute and load_relation(history) is not none -%}
        {%- set followed = run_query(
            'select feed, feed_key, column_name, column_type, is_tracked from ' ~ history
            ~ ' where contract_number = (select max(contract_number) from ' ~ history ~ ')'
        ).rows -%}
        {%- set of_tables, of_today = [], [] -%}
        {%- for row in followed -%}
            {%- do of_tables.append(row.values() | join(' ')) -%}
        {%- endfor -%}
        {%- for feed in feeds() -%}
            {%- set parts = [] -%}
            {%- for part in contract_key(feed) -%}
                {%- do parts.append(part if part is string else part | join(' else ')) -%}
            {%- endfor -%}
            {%- for column in contract_columns(feed) -%}
                {%- do of_today.append(
                    [feed, parts | join(', '), column.name, column.type, column.is_tracked] | join(' ')
                ) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- if followed and of_tables | sort != of_today | sort -%}
            {%- do exceptions.raise_compiler_error(
                'The contract has changed since the last landing. See what has changed: python -m ingest contract diff. '
                ~ 'Then let the tables follow: python -m ingest run (or land)'
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

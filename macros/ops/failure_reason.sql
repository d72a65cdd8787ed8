{#-
    A node that failed in a dbt run, and why, in one line: the message without dbt's frames, and without what stands in single
    quotes, which may be data.
-#}
{% macro failure_reason(result) -%}
    {%- set said = [] -%}
    {%- for line in ((result.message or result.status) | string).splitlines() | map('trim') | select
        if not modules.re.match('(Compilation|Runtime|Database) Error( in .*)?$|> (in|called by) ', line) -%}
        {%- do said.append(line) -%}
    {%- endfor -%}
    {%- set reason = modules.re.sub("'[^']*'", "'…'", said | join(' ')) -%}
    {{ return(result.node.name ~ ': ' ~ (reason if reason | length <= 400 else reason[:400] ~ ' …')) }}
{%- endmacro %}

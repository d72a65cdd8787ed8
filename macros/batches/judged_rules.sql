{#-
    Rows that broke each row rule, by the rule's id, as the base models of this dbt run have judged them: what the rules' tests would
    count. Only of feeds whose base model this run has built.
-#}
{% macro judged_rules(results) -%}
    {%- set built = results | selectattr('status', 'equalto', 'success') | map(attribute='node.unique_id') | list -%}
    {%- set judged, bases = {}, {} -%}
    {%- for rule in declared_rules() if rule.base_model in built -%}
        {%- do judged.update({rule.id: 0}) -%}
        {%- do bases.update({rule.feed: pipeline_relation('staging', 'base_' ~ rule.feed)}) -%}
    {%- endfor -%}
    {%- if judged -%}
        {%- set count -%}
            select
                rule_id,
                count(*) as failed_records
            from (
                {%- for base in bases.values() %}
                select explode(failed_rules) as rule_id from {{ base }}
                {{- ' union all' if not loop.last }}
                {%- endfor %}
            ) as failed
            group by rule_id
        {%- endset -%}
        {%- for row in run_query(count).rows -%}
            {%- do judged.update({row['rule_id']: row['failed_records']}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(judged) }}
{%- endmacro %}

{#-
    Rows that broke each rule, by the rule's id, as the models have judged them: what the rules' tests would count. Row rules are judged by
    the base model of their feed, rules across tables by int_cross_table_failures; all of them are built for the batch by now.
-#}
{% macro judged_rules() -%}
    {%- set judged, counts = {}, [] -%}
    {%- for rule in declared_rules() -%}
        {%- do judged.update({rule.id: 0}) -%}
    {%- endfor -%}
    {%- for feed in feeds() -%}
        {%- do counts.append(
            'select rule_id, count(*) as failed_records from (select explode(failed_rules) as rule_id from '
            ~ pipeline_relation('staging', 'base_' ~ feed) ~ ') as failed group by rule_id'
        ) -%}
    {%- endfor -%}
    {%- do counts.append(
        'select rule_id, failed_records from ' ~ pipeline_relation('staging', 'int_cross_table_failures')
    ) -%}
    {%- for row in run_query(counts | join(' union all ')).rows -%}
        {%- do judged.update({row['rule_id']: row['failed_records']}) -%}
    {%- endfor -%}
    {{ return(judged) }}
{%- endmacro %}

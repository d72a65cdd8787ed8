{#-
    dbt's strategy of the targets: a new version when a column that the contract tracks has another value than in the current
    version. NULL is a value like others. A column that is new in the contract is NULL in the versions that are there.
-#}
{% macro snapshot_contract_strategy(node, snapshotted_rel, current_rel, model_config, target_exists) -%}
    {%- set updated_at = config.get('updated_at') -%}
    {%- set changed = [] -%}
    {%- for column in contract_columns(node.config.meta.feed) if column.is_tracked -%}
        {%- do changed.append(
            'not (' ~ snapshotted_rel ~ '.' ~ column.name ~ ' <=> ' ~ current_rel ~ '.' ~ column.name ~ ')'
        ) -%}
    {%- endfor -%}
    {{ return({
        'unique_key': config.get('unique_key'),
        'updated_at': updated_at,
        'row_changed': '(' ~ changed | join(' or ') ~ ')',
        'scd_id': snapshot_hash_arguments(api.Relation.scd_args(config.get('unique_key'), updated_at)),
        'invalidate_hard_deletes': false,
        'hard_deletes': 'ignore',
    }) }}
{%- endmacro %}

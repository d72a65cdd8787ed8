{#-
    All rules, sorted by id: the dbt tests whose meta says what a failure means. A row rule is a test on a base model, whose node's id is
    its base_model; a cross-table rule has none. None while dbt parses. What was found is kept in dbt's graph, as the contract is.
-#}
{% macro declared_rules() -%}
    {%- if execute and 'ecomm_rules' not in graph -%}
        {%- set found, base_models = [], [] -%}
        {%- for feed in feeds() -%}
            {%- do base_models.append('model.' ~ project_name ~ '.base_' ~ feed) -%}
        {%- endfor -%}
        {%- for id in graph.nodes.keys() if id.startswith('test.' ~ project_name ~ '.') -%}
            {%- set test = graph.nodes[id] -%}
            {%- set meta = test.config.meta -%}
            {%- if meta.quarantine is defined -%}
                {%- if test.config.severity | lower != 'warn' -%}
                    {%- do exceptions.raise_compiler_error(
                        'The rule ' ~ test.name ~ ' would stop the build at the first row that breaks it. '
                        ~ 'Give its config severity: warn'
                    ) -%}
                {%- endif -%}
                {%- set arguments = {} -%}
                {%- for name, value in (test.get('test_metadata') or {}).get('kwargs', {}).items() if name != 'model' -%}
                    {%- do arguments.update({name: value}) -%}
                {%- endfor -%}
                {%- set base_model = test.get('attached_node') -%}
                {%- if base_model and base_model not in base_models -%}
                    {%- do exceptions.raise_compiler_error(
                        'The rule ' ~ test.name ~ ' stands on ' ~ (base_model.split('.') | last) ~ ', where nothing judges the rows of a '
                        ~ 'batch. Declare it on the base model of its feed or, if it looks across tables, as a file in tests/cross_table.'
                    ) -%}
                {%- endif -%}
                {%- do found.append({
                    'id': test.name,
                    'feed': base_model.split('.base_') | last if base_model else meta.feed,
                    'base_model': base_model,
                    'test': (test.get('test_metadata') or {}).get('name'),
                    'sql': none if base_model else test.raw_code,
                    'arguments': arguments,
                    'category': meta.category,
                    'severity': meta.severity,
                    'quarantine': meta.quarantine,
                    'description': test.description | trim,
                }) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do graph.update({'ecomm_rules': found | sort(attribute='id')}) -%}
    {%- endif -%}
    {{ return(graph['ecomm_rules'] if execute else []) }}
{%- endmacro %}

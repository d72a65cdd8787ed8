{#-
    The row rules of a feed, sorted by id: the dbt tests on base_<feed> whose meta says what a failure means.
    Each is {id, test, arguments, severity, quarantine, description}.
-#}
{% macro rules(feed) -%}
    {%- set found = [] -%}
    {%- if execute -%}
        {%- set base_model = 'model.' ~ project_name ~ '.base_' ~ feed -%}
        {%- for test in graph.nodes.values()
            if test.resource_type == 'test'
            and test.attached_node == base_model
            and test.config.meta.quarantine is defined -%}
            {%- if test.config.severity | lower != 'warn' -%}
                {%- do exceptions.raise_compiler_error(
                    'The rule ' ~ test.name ~ ' would stop the build at the first row that breaks it. Give its config severity: warn'
                ) -%}
            {%- endif -%}
            {%- set arguments = {} -%}
            {%- for name, value in test.test_metadata.kwargs.items() if name != 'model' -%}
                {%- do arguments.update({name: value}) -%}
            {%- endfor -%}
            {%- do found.append({
                'id': test.name,
                'test': test.test_metadata.name,
                'arguments': arguments,
                'severity': test.config.meta.severity,
                'quarantine': test.config.meta.quarantine,
                'description': test.description | trim,
            }) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found | sort(attribute='id')) }}
{%- endmacro %}

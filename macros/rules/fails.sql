{#- The condition that is true for a row that breaks the rule: macro fails_<test>, given the test's arguments. -#}
{% macro fails(rule) -%}
    {%- if context.get('fails_' ~ rule.test) is none -%}
        {%- do exceptions.raise_compiler_error(
            'The rule ' ~ rule.id ~ ' is a test ' ~ rule.test ~ ', and no macro says which rows break it. Use a test that '
            ~ 'other rules use, or write macros/rules/fails_' ~ rule.test ~ '.sql'
        ) -%}
    {%- endif -%}
    {{ context['fails_' ~ rule.test](**rule.arguments) | trim }}
{%- endmacro %}

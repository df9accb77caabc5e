{%- for measure, unit, scope, label in verification_measures() %}
    select
        {{ loop.index }} as measure_order,
        '{{ measure }}' as measure,
        '{{ unit }}' as unit,
        '{{ scope }}' as scope,
        '{{ label }}' as label
    {{ 'union all' if not loop.last }}
{%- endfor %}

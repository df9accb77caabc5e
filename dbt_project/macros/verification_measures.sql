{#
    The measures of verification_totals, in the contract's order: name, unit, scope and its name in a sentence.
    Scope is what the dates mean: window (sums over whole UTC days), cycle (the open cycle up to the spend snapshot),
    previous_cycle (the newest cycle before it that has a spend snapshot, up to its last one), closed_cycle (a whole
    cycle that is over), as_of (a state of the newest loaded day).
#}
{% macro verification_measures() %}
    {{ return([
        ('requests', 'requests', 'window', 'requests'),
        ('input_tokens', 'tokens', 'window', 'input tokens'),
        ('output_tokens', 'tokens', 'window', 'output tokens'),
        ('cache_write_tokens', 'tokens', 'window', 'cache write tokens'),
        ('cache_read_tokens', 'tokens', 'window', 'cache read tokens'),
        ('requests_without_tokens', 'requests', 'window', 'requests without tokens'),
        ('unpriced_requests', 'requests', 'window', 'unpriced requests'),
        ('included_usage_usd', 'usd', 'window', 'included usage'),
        ('on_demand_usd', 'usd', 'window', 'on-demand usage'),
        ('usage_value_usd', 'usd', 'window', 'usage value'),
        ('credit_usd', 'usd', 'window', 'usage paid by credit'),
        ('own_key_usd', 'usd', 'window', 'usage on own keys'),
        ('not_charged_usd', 'usd', 'window', 'usage not charged'),
        ('unknown_kind_usd', 'usd', 'window', 'usage of unknown kinds'),
        ('unattributed_usage_usd', 'usd', 'window', 'unattributed usage value'),
        ('active_developers', 'developers', 'window', 'active developers'),
        ('active_developer_days', 'developer_days', 'window', 'active developer days'),
        ('cycle_included_usage_usd', 'usd', 'cycle', 'included usage in the open cycle'),
        ('cycle_on_demand_usd', 'usd', 'cycle', 'on-demand usage in the open cycle'),
        ('cycle_usage_value_usd', 'usd', 'cycle', 'usage value in the open cycle'),
        ('previous_cycle_on_demand_usd', 'usd', 'previous_cycle', 'on-demand usage in the previous cycle'),
        ('closed_cycle_seat_fee_usd', 'usd', 'closed_cycle', 'seat fees of the closed cycle'),
        ('closed_cycle_on_demand_usd', 'usd', 'closed_cycle', 'on-demand usage of the closed cycle'),
        ('paid_seats', 'seats', 'as_of', 'paid seats'),
        ('seat_price_usd', 'usd', 'as_of', 'price of a seat'),
        ('monthly_seat_fee_usd', 'usd', 'as_of', 'monthly seat fee'),
        ('paid_seats_without_activity', 'seats', 'as_of', 'paid seats without activity'),
        ('developers_without_seat', 'developers', 'as_of', 'developers without a seat'),
    ]) }}
{% endmacro %}

{# Measures of money that is or was billed, or that seat fees cover: the categories of usage that each sums. #}
{% macro verification_usage_categories() %}
    {{ return({
        'included_usage_usd': ['included'],
        'on_demand_usd': ['on_demand'],
        'usage_value_usd': ['included', 'on_demand'],
        'cycle_included_usage_usd': ['included'],
        'cycle_on_demand_usd': ['on_demand'],
        'cycle_usage_value_usd': ['included', 'on_demand'],
        'previous_cycle_on_demand_usd': ['on_demand'],
        'closed_cycle_on_demand_usd': ['on_demand'],
    }) }}
{% endmacro %}

{# Measures that are tied to a spend snapshot: which cycle each is of, and what the spend endpoint calls it. #}
{% macro verification_tied_measures() %}
    {{ return({
        'cycle_included_usage_usd': ('open', 'included_usage_usd'),
        'cycle_on_demand_usd': ('open', 'on_demand_usd'),
        'cycle_usage_value_usd': ('open', 'usage_value_usd'),
        'previous_cycle_on_demand_usd': ('previous', 'on_demand_usd'),
    }) }}
{% endmacro %}

{# Texts as SQL lists them: ('a', 'b'). #}
{% macro listed(texts) -%}
    ('{{ texts | join("', '") }}')
{%- endmacro %}

{# The expression of a measure over rows of int_usage_daily, restricted to the rows where condition holds. #}
{% macro verification_range_sum(measure, condition) %}
    {%- set amounts = {
        'included_usage_usd': "category = 'included'",
        'on_demand_usd': "category = 'on_demand'",
        'usage_value_usd': "category in ('included', 'on_demand')",
        'credit_usd': "category = 'credit'",
        'own_key_usd': "category = 'own_key'",
        'not_charged_usd': "category = 'not_charged'",
        'unknown_kind_usd': "category = 'unknown'",
        'unattributed_usage_usd': "category in ('included', 'on_demand') and email is null",
    } -%}
    {%- if measure == 'active_developers' -%}
        count(distinct case when {{ condition }} and requests > 0 then email end)
    {%- elif measure == 'active_developer_days' -%}
        count(distinct case when {{ condition }} and requests > 0 then {{ as_text('usage_date') }} || ' ' || email end)
    {%- elif measure in amounts -%}
        coalesce(sum(case when {{ condition }} and {{ amounts[measure] }} then amount_usd end), 0)
    {%- else -%}
        coalesce(sum(case when {{ condition }} then {{ measure }} end), 0)
    {%- endif -%}
{% endmacro %}

{# Whether a reference differs by what was paid by credit, with own keys or by both, to so much of rounding. #}
{% macro is_credit_or_own_key(difference, credit, own_key, bound) -%}
    (
        ({{ credit }} <> 0 and abs({{ difference }} + {{ credit }}) <= {{ bound }})
        or ({{ own_key }} <> 0 and abs({{ difference }} + {{ own_key }}) <= {{ bound }})
        or ({{ credit }} + {{ own_key }} <> 0 and abs({{ difference }} + {{ credit }} + {{ own_key }}) <= {{ bound }})
    )
{%- endmacro %}

{# A query: for each key, the unknown kinds in rows of usage that carry cost, and how much, as a sentence says it. #}
{% macro unknown_kinds_in_words(rows, keys) -%}
    select
        {{ keys | join(', ') }},
        'costs are of an unknown kind: '
        || {{ dbt.listagg("'''' || kind || ''' with ' || " ~ usd_as_text('amount_usd'), "', '", 'order by kind') }}
            as unknown_kinds
    from (
        select
            {{ keys | join(', ') }},
            coalesce(kind, '(none)') as kind,
            sum(amount_usd) as amount_usd
        from {{ rows }}
        where category = 'unknown' and amount_usd <> 0
        group by {{ keys | join(', ') }}, coalesce(kind, '(none)')
    ) as unknown_kinds
    group by {{ keys | join(', ') }}
{%- endmacro %}

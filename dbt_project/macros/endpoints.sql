{#
    What a run asks Cursor for, in the order in which it is told: the endpoint; the marts that have no row of a team
    whose key was never granted it; what else is then not known.
#}
{% macro endpoints() %}
    {{ return([
        (
            'members',
            ['adoption_daily', 'adoption_gaps', 'seat_fees_daily', 'seat_type_advice', 'seats'],
            'Nobody knows who holds a seat: seat fees, cash cost and the seats to give back are not known.',
        ),
        (
            'spend',
            [],
            'There is nothing to compare on-demand usage with: the verdict stays inconclusive, and billing cycles are assumed.',
        ),
        (
            'daily_usage',
            [],
            'Use without requests, as of tab completions, is not seen: a seat that is used may look idle.',
        ),
        (
            'usage_events',
            [
                'cost_changes', 'forecast_backtest', 'model_mix', 'model_mix_daily', 'model_savings', 'models',
                'overage_forecasts', 'restatements',
            ],
            'Usage is not known by day, developer or model: no included or on-demand usage, no tokens, no forecast.',
        ),
    ]) }}
{% endmacro %}

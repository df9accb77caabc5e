{%- set measures = [
    'previous_usage_value_usd', 'usage_value_usd', 'change_usd', 'previous_requests', 'requests',
    'previous_on_demand_usd', 'on_demand_usd', 'change_in_on_demand_usd',
] -%}
{%- set differences, sums = [], [] -%}
{%- for measure in measures -%}
    {%- set sum -%} sum(case when scope = 'team' then {{ measure }} else -{{ measure }} end) {%- endset -%}
    {%- do sums.append(sum ~ ' as ' ~ measure) -%}
    {%- do differences.append(sum ~ ' <> 0') -%}
{%- endfor -%}
select
    team_id,
    week_start_date,
    {{ sums | join(',\n    ') }}
from {{ ref('cost_changes') }}
group by team_id, week_start_date
having
    sum(case when scope = 'team' then 1 else 0 end) <> 1
    or {{ differences | join('\n    or ') }}

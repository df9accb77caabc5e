with

cycles as (

    select
        team_id,
        cycle_start_at,
        is_open_cycle,
        {{ utc_date('cycle_start_at') }} as start_date,
        {{ utc_date('cycle_end_at') }} as end_date
    from {{ ref('int_billing_cycles') }}

),

dates as (

    select
        team_id,
        as_of_date
    from {{ ref('int_adoption_dates') }}
    where as_of_date is not null

)

-- The as-of day is judged as everything else of now is: by the open cycle, even one that began this morning.
select
    cycles.team_id,
    cycles.cycle_start_at,
    cycles.start_date,
    dates.as_of_date as from_date,
    {{ days_after('dates.as_of_date', 1) }} as until_date
from cycles
inner join dates on cycles.team_id = dates.team_id
where cycles.is_open_cycle
union all
-- Any other day by the cycle that its end lies in: the one that starts within it, not the one that ends.
select
    cycles.team_id,
    cycles.cycle_start_at,
    cycles.start_date,
    cycles.start_date as from_date,
    least(cycles.end_date, dates.as_of_date) as until_date
from cycles
inner join dates on cycles.team_id = dates.team_id
-- two starts within a day leave a cycle without a day
where cycles.start_date < dates.as_of_date and cycles.start_date < cycles.end_date

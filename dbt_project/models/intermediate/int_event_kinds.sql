-- A label and its enum may both be listed: one row a kind, or each event would count twice.
select
    {{ kind_key('kind') }} as kind_key,
    min(category) as category
from {{ ref('cursor_kinds') }}
where {{ kind_key('kind') }} is not null
group by {{ kind_key('kind') }}

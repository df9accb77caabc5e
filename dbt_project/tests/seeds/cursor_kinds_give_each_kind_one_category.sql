-- A label and its enum are one kind: with two categories its money would go where the alphabet says.
select
    {{ kind_key('kind') }} as kind_key,
    count(distinct category) as categories
from {{ ref('cursor_kinds') }}
group by {{ kind_key('kind') }}
having count(distinct category) > 1

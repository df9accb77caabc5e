-- A misspelt name would leave its models without a tier and without a word. Only a warning: the list may be one's own.
{{ config(severity='warn') }}

select
    patterns.pattern,
    patterns.listed_model
from {{ ref('model_patterns') }} as patterns
left join {{ ref('int_listed_models') }} as listed
    on lower({{ trimmed('patterns.listed_model') }}) = listed.listed_model
where {{ trimmed('patterns.listed_model') }} is not null and listed.listed_model is null

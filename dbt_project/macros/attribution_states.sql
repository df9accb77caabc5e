{#
    How sure it is whose usage is, in the order in which the states are asked for: the first that holds is a person's.
    Name, and what a reader can do about it.
#}
{% macro attribution_states() %}
    {{ return([
        (
            'service_account',
            "Usage of automation, nobody's own: charge it to whoever runs the service account.",
        ),
        (
            'no_email',
            'Cursor does not say whose it is: Bugbot and people who are gone are the usual ones. Ask Cursor if it is much.',
        ),
        (
            'alias_of_another_address',
            'The same user id is on the members list under another address: count both as one person.',
        ),
        (
            'removed_person',
            'Off the members list: usage of before stays theirs. Where it goes on, see who still works with the account.',
        ),
        (
            'unknown_person',
            'The address was never on a members list: find out who it is, and whether the lists came too late to have it.',
        ),
        (
            'joined_after_window',
            'Nothing: they joined after the window, so that it cannot have usage of theirs yet.',
        ),
        (
            'no_daily_row',
            "On the members list, but Cursor's daily usage does not name them: compare address and user id of both.",
        ),
        (
            'attributed',
            'Nothing: a member of the newest list.',
        ),
    ]) }}
{% endmacro %}

{{ staged_usage_events(source('cursor', 'cursor_usage_events_open_day')) }}

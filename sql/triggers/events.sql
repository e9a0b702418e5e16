-- Of the upgrade that brought `event_sections`: from here on only projectors write that fill it.
drop trigger if exists classpulse_list_events on classpulse.events;
drop function if exists classpulse.list_events;

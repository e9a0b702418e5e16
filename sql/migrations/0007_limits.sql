-- What the processes count together, so that a limit holds right across them. Unlogged: a crash of
-- the server forgets the counts, which costs nobody a request, and counting writes no WAL.

-- Requests by whom they are counted for and in which window (seconds since 1970 / its length).
create unlogged table classpulse.request_counts (
    counted_for text not null,
    window_number bigint not null,
    requests bigint not null,
    primary key (counted_for, window_number)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- Sign-ins that failed or are under way, by account and by address, oldest first.
create unlogged table classpulse.failed_sign_ins (
    counted_for text primary key,
    moments timestamptz[] not null
) with (fillfactor = 70);

-- Server processes that hold streams. One that died says nothing more, and its streams stop counting.
create unlogged table classpulse.processes (
    process text primary key,
    seen_at timestamptz not null default clock_timestamp()
) with (fillfactor = 70);

-- Open streams and sockets of an educator by process.
create unlogged table classpulse.open_streams (
    educator_id bigint not null,
    process text not null,
    streams integer not null,
    primary key (educator_id, process)
) with (fillfactor = 70);

-- What each educator saw last, and at the end of the visit before that one.
create table classpulse.visits (
    educator_id bigint primary key,
    seen_at timestamptz not null default clock_timestamp(),
    seen jsonb not null,
    before_at timestamptz,
    before jsonb
);

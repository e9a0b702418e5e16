-- Where each educator stopped reading what changed. A mark belongs to a row of educators, not to
-- its number, and one of another epoch says only that there was one.
create table classpulse.marks (
    account_id uuid primary key,
    epoch text not null,
    position bigint not null,
    at timestamptz not null default clock_timestamp()
);

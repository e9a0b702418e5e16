-- Who leads, as the leader itself says when it begins: a server that also answers requests, or a
-- process that does nothing else. Only the owner can write it, so nobody else can make a leader
-- step down.
alter table classpulse.handover
add column leader_pid integer,
add column leader_is_apart boolean,
add column led_since timestamptz;

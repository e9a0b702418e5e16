-- What changed lately of one student, without a look at everybody else's events.
create index events_of_a_student
on classpulse.events (student_id, position) where student_id is not null;

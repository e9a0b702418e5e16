-- Grades of a section that a student has left, counted in the standing of the new one where the
-- policy says so.

-- Of a section's own row: its policy, and whether that or the policy of any of its subjects carries.
alter table public.performance_cache
add column if not exists carry_over boolean not null default false,
add column if not exists carries boolean not null default false;
-- Where there is none, nobody looks for grades of other sections.
create index if not exists performance_cache_carrying
on public.performance_cache (section_id) where carries;

alter table classpulse.subject_policies
add column if not exists carry_over boolean not null default false;

-- how many grades of which earlier section are in it; null where there are none
alter table classpulse.subject_standings add column if not exists carried jsonb;

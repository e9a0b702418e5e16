create or replace trigger classpulse_place after insert on public.student_performance_summaries
for each row execute function classpulse.place_standing();

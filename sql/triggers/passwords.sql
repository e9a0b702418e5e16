create or replace trigger classpulse_sessions
before insert or update or delete on classpulse.passwords
for each row execute function classpulse.password_changes();

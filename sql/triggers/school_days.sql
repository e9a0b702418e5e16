select classpulse.install_capture('public.school_days', 'row');

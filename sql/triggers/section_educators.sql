select classpulse.install_capture('public.section_educators', 'row');

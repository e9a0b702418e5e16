select classpulse.install_capture('classpulse.canaries', 'row');

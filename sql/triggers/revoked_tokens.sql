select classpulse.install_capture('classpulse.revoked_tokens', 'row');

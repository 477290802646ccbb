"""The project: how EventMate is configured and wired. It holds no domain."""

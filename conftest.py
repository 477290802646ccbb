"""What every test stands on."""

pytest_plugins = ["myapp.testing.fixtures", "myapp.testing.browser", "myapp.testing.servers"]

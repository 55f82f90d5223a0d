"""``nox`` installs the plugin beside VEIQA and runs its tests."""

import nox

nox.options.sessions = ["tests"]


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests, the conformance checks among them."""
    session.install(".[test]")
    session.run("pytest", *session.posargs)

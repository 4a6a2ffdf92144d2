"""A cassette that cannot be opened: its test fails, and the tests after it find nothing patched."""


def test_what_fails_while_a_cassette_is_opened_leaves_nothing_patched(project):
    project.write(
        conftest="""
        import pytest
        from pytest_llmregress.recording import socket_guard

        held = []

        def fail(self):
            raise OSError("no sockets today")

        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_setup(item):
            with pytest.MonkeyPatch.context() as patch:
                if item.get_closest_marker("llm"):
                    patch.setattr(socket_guard.SocketGuard, "closed", fail)
                try:
                    return (yield)
                except BaseException as error:
                    held.append(error)  # as a debugger or a plugin may
                    raise
        """,
        test_it="""
        import pytest
        from anthropic._base_client import BaseClient

        @pytest.mark.llm
        def test_not_opened():
            pass

        def test_after_it():
            assert BaseClient._build_request.__qualname__ == "BaseClient._build_request"
        """,
    )

    project.replay(errors=1, passed=1)

    project.says("test_not_opened - what this run found could not be saved: no sockets today")

"""Settings of agent programs that win over what their environment tells them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from pytest_llmregress.cli.git_tracking import DoctorFinding
from pytest_llmregress.providers.child_environment import CHILD_ENVIRONMENT, SETTINGS_FILES


def check_program_settings(environment: Mapping[str, str]) -> Iterator[DoctorFinding]:
    """Yield a note on each file that leads a program past the gateway."""
    for file in SETTINGS_FILES:
        folder = environment.get(file.folder_variable) or file.folder
        path = Path(folder).expanduser() / file.name
        names = sorted(CHILD_ENVIRONMENT.addresses.keys() & _environment_in(path).keys())
        if names:
            yield DoctorFinding(
                fault=False,
                where=str(path),
                what=(
                    f"its env sets {', '.join(names)}, which wins over the environment of a "
                    "child: what the program asks is neither recorded nor replayed"
                ),
                command=f"take it out, or set {file.folder_variable} to another folder for tests",
            )


def _environment_in(path: Path) -> Mapping[str, object]:
    try:
        settings = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    found = settings.get("env") if isinstance(settings, dict) else None
    return found if isinstance(found, dict) else {}

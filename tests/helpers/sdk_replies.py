"""What an application under test has got from its SDK: it writes that down, one file a test."""

import json
from pathlib import Path
from typing import Any


def write_app(project: Any, tmp_path: Path, app: str) -> Any:
    """Return a project whose tests ask the stand in the place of a vendor."""
    project.write(app=app)
    (tmp_path / "seen").mkdir()
    return project


def env(project: Any, tmp_path: Path, **more: str) -> dict[str, str]:
    """Return where its application finds the stand, and where it writes what it has got."""
    return {"STAND": project.stand.url, "SEEN": str(tmp_path / "seen"), **more}


def take_seen(tmp_path: Path) -> dict[str, Any]:
    """Return what the application has got from its SDK, and forget it."""
    found = {}
    for path in sorted((tmp_path / "seen").iterdir()):
        found[path.stem] = json.loads(path.read_text())
        path.unlink()
    return found

"""Is the tag that asks for a release the version of the workspace, and does the changelog know it?

Takes a reference such as `refs/tags/v0.2.0`; a branch asks for no release and passes.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def complaint(reference: str, root: Path = ROOT) -> str | None:
    """What stands against a release under this reference; `None` if nothing does."""
    if not reference.startswith("refs/tags/"):
        return None
    version = tomllib.loads((root / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    tag = reference.removeprefix("refs/tags/")
    if tag != f"v{version}":
        return f"the tag is {tag}, but the version in Cargo.toml is {version}: the tag must be v{version}"
    if not re.search(rf"^## \[{re.escape(version)}\]", (root / "CHANGELOG.md").read_text(), re.MULTILINE):
        return f"CHANGELOG.md has no section [{version}]"
    return None


if __name__ == "__main__":
    sys.exit(complaint(sys.argv[1]))

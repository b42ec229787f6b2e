"""What a rule sees (the tree) and what it says (findings)."""

import os
import pathlib
import subprocess

from cpp_text import split_text

SKIPPED_FOLDERS = {"build", ".git", "node_modules", "__pycache__", "data", ".cache"}
# Trees that break the rules on purpose.
FIXTURES = "tests/tidy/fixtures/"


class finding:
    def __init__(self, path: str, line: int, rule: str, message: str):
        self.path, self.line, self.rule, self.message = path, line, rule, message

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


class source:
    """One file of the tree; text is read once, code and comments are split on first use."""

    def __init__(self, root: pathlib.Path, path: str):
        self.path = path
        self.text = (root / path).read_text(encoding="utf-8", errors="replace")
        self._split = None

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def folder(self) -> str:
        return self.path.rsplit("/", 1)[0] if "/" in self.path else ""

    @property
    def is_header(self) -> bool:
        return self.path.endswith(".hpp")

    @property
    def is_cpp(self) -> bool:
        return self.path.endswith((".hpp", ".cpp"))

    @property
    def code(self) -> str:
        return self._parts()[0]

    @property
    def comments(self) -> str:
        return self._parts()[1]

    def _parts(self):
        if self._split is None:
            self._split = split_text(self.text)
        return self._split


def _tracked(root: pathlib.Path):
    """Files that git knows or would add; None where the tree is not a repository."""
    if not (root / ".git").exists():
        return None
    listed = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "-z"], cwd=root, check=True,
                            capture_output=True, text=True).stdout
    return [p for p in listed.split("\0") if p and (root / p).is_file()]


def _walked(root: pathlib.Path):
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS)
        for name in sorted(files):
            yield (pathlib.Path(folder) / name).relative_to(root).as_posix()


TEXT_ENDINGS = (".hpp", ".cpp", ".py", ".sh", ".mjs", ".js", ".ts", ".cmake", ".proto", ".md", ".txt", ".yaml", ".yml", ".json", ".tpl")


class tree:
    def __init__(self, root: pathlib.Path):
        self.root = root
        tracked = _tracked(root)
        paths = tracked if tracked is not None else list(_walked(root))
        self.paths = sorted(p for p in paths if not p.startswith(FIXTURES))
        self.files = [source(root, p) for p in self.paths if p.endswith(TEXT_ENDINGS) or p == "dev"]

    def exists(self, path: str) -> bool:
        return (self.root / path).exists()

    @property
    def cpp(self):
        return [f for f in self.files if f.is_cpp]

"""Reading the file in which an app is declared."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from pathlib import Path

from homeport_sync.declaration import App
from homeport_sync.errors import BadDeclaration


def load_app(path: str | Path) -> App:
    """The one `App` of the module at `path`. Raises `BadDeclaration` if there is none, or more than one."""
    file = Path(path).resolve()
    if not file.is_file():
        raise BadDeclaration(f"{path}: there is no such file; expected a Python module that declares an App.")
    spec = importlib.util.spec_from_file_location(f"homeport_app_{file.parent.name}_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise BadDeclaration(f"{path}: not a Python module; expected a file that ends in .py.")
    module = importlib.util.module_from_spec(spec)
    # inspect finds a class's source by its module's name, so the module must be known while it runs.
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except BadDeclaration:
        raise
    except (Exception, SystemExit) as error:
        raise BadDeclaration(f"{_place(error, file)}: {type(error).__name__}: {error}") from error
    apps = [value for value in vars(module).values() if isinstance(value, App)]
    if len(apps) == 1 and len(apps[0].catalog.kinds) == 1:
        raise BadDeclaration(
            f"{path}: the app {apps[0].name!r} declares no kind; declare one with @app.kind(root=True)."
        )
    if len(apps) != 1:
        raise BadDeclaration(f'{path}: found {len(apps)} apps; a module declares one: app = App("name").')
    return apps[0]


def _place(error: BaseException, file: Path) -> str:
    """The file, and the line of it at which the module failed."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    line = error.lineno if isinstance(error, SyntaxError) else next(reversed(lines), None)
    return f"{file}:{line}" if line else str(file)

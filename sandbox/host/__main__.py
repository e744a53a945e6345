"""Serve a function app on this machine: python -m sandbox.host --app DIR."""

import argparse
import asyncio
import os
import sys
import traceback
from pathlib import Path
from typing import TextIO

from sandbox.host.errors import CannotStartError
from sandbox.host.functions import Function
from sandbox.host.index import index_app
from sandbox.host.logs import log_to_stderr
from sandbox.host.serving import Options, serve
from sandbox.host.settings import apply_settings, read_host_config, read_local_settings


def main() -> int:
    """Run the command and return its exit code."""
    arguments = parse_arguments()
    app = arguments.app.resolve()
    options = Options(
        host=arguments.host,
        port=arguments.port,
        state=(arguments.state or app / ".local" / "timers").resolve(),
        key=arguments.key,
        runs_timers=not arguments.no_timers,
        exits_with_parent=arguments.exit_with_parent,
    )
    # Standard output carries one line for the parent process; what the app prints joins the logs on stderr.
    announce, sys.stdout = sys.stdout, sys.stderr
    try:
        run(app, options, announce)
    except CannotStartError as error:
        print(f"Cannot start: {error}", file=sys.stderr)
        return 2
    return 0


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.host", description=__doc__)
    parser.add_argument("--app", type=Path, default=Path(), help="folder with function_app.py")
    parser.add_argument("--port", type=int, default=7071, help="0 takes any free port")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--key", help="ask for this key in x-functions-key or ?code=")
    parser.add_argument(
        "--state", type=Path, help="where timers keep their status, by default .local/timers in the app"
    )
    parser.add_argument("--no-timers", action="store_true", help="timers fire only through /admin/functions/NAME")
    parser.add_argument("--exit-with-parent", action="store_true", help="end when standard input ends")
    return parser.parse_args()


def run(app: Path, options: Options, announce: TextIO) -> None:
    """Serve the app until asked to stop."""
    config = read_host_config(app)
    apply_settings(read_local_settings(app), os.environ)
    log_to_stderr(debug=os.environ.get("PYTHON_ENABLE_DEBUG_LOGGING") == "1")
    os.chdir(app)  # as the worker does before it imports the app
    functions = load(app)
    asyncio.run(serve(functions, config, options, announce))


def load(app: Path) -> list[Function]:
    """Return the functions of the app, with all that can be wrong turned into CannotStartError."""
    try:
        return index_app(app)
    except CannotStartError:
        raise
    except Exception as error:
        traceback.print_exc()
        reason = f"function_app.py cannot be imported: {type(error).__name__}: {error}"
        raise CannotStartError(reason) from error


if __name__ == "__main__":
    sys.exit(main())

"""nginx with everything that it writes in a folder of a test's own."""

import os
import shutil
from pathlib import Path


def nginx(folder: Path, sites: str) -> list[str]:
    """Write a main file that includes `sites`, and return the command that runs it."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"  {each}_temp_path {folder}/{each};\n" for each in kinds)
    user = "user root;\n" if os.geteuid() == 0 else ""
    main = folder / "nginx.conf"
    main.write_text(
        f"daemon off;\n{user}pid {folder}/nginx.pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\n  access_log {folder}/access.log;\n{places}  include {sites};\n}}\n"
    )
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert found is not None, "nginx is missing: ./test installs it"
    return [found, "-c", str(main)]

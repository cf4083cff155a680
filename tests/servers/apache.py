"""Apache with mod_auth_openidc, with everything that it writes in a folder of a test's own."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

MODULES = Path("/usr/lib/apache2/modules")
NEEDED = (
    *("mpm_event", "authn_core", "authz_core", "authz_user", "auth_openidc"),
    *("dir", "headers"),
)
PATIENCE = 20.0
_MAIN = """
ServerRoot {folder}
ServerName localhost
PidFile {folder}/apache.pid
Mutex file:{folder} default
Listen 127.0.0.1:{port}
ErrorLog {folder}/error.log
LogLevel warn auth_openidc:info
{modules}
{user}
DirectoryIndex index.html
DocumentRoot {folder}/pages
# what an application behind it would be told
Header always set X-Remote-User "expr=%{{REMOTE_USER}}"
Header always set X-Access-Token "expr=%{{env:OIDC_access_token}}"
Header always set X-Claims "expr=%{{env:OIDC_CLAIM_acr}} %{{env:OIDC_CLAIM_groups}}"
OIDCCABundlePath {folder}/ca.pem
Include {folder}/pasted.conf
"""


@contextmanager
def apache(port: int, ca_file: Path, settings: str, pages: tuple[str, ...]) -> Iterator[Path]:
    """Run it with the settings as they were printed; give its log.

    `pages` are files that say their own name. The folder lies where its children can read, too:
    they are nobody special, and what pytest makes is its owner's.
    """
    with TemporaryDirectory(prefix="portvakt-apache-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        shutil.copy(ca_file, folder / "ca.pem")
        with _running(folder, port, settings, pages) as log:
            yield log


@contextmanager
def _running(folder: Path, port: int, settings: str, pages: tuple[str, ...]) -> Iterator[Path]:
    program = shutil.which("apache2", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert program is not None, "apache2 is missing: ./test installs it"
    for each in pages:
        page = folder / "pages" / each
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(each)
    (folder / "pasted.conf").write_text(settings)
    modules = "\n".join(f"LoadModule {each}_module {MODULES}/mod_{each}.so" for each in NEEDED)
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
    main = folder / "apache.conf"
    main.write_text(_MAIN.format(folder=folder, port=port, modules=modules, user=user))
    process = subprocess.Popen([program, "-f", str(main), "-DFOREGROUND"])
    log = folder / "error.log"
    try:
        _wait(port, process, log)
        yield log
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


def _wait(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None, log.read_text() if log.exists() else "it did not start"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.02)

# shellcheck shell=bash
# Sets up what ./demo and ./test need: sourced by both, run from the top of the repository.
# Everything here is safe to run again, and does nothing where nothing is missing.

say() { printf '%s\n' "$*" >&2; }
stop() { say "$*"; exit 1; }

# as_root COMMAND…: runs it as root, or fails without asking where nobody could answer.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif ! command -v sudo >/dev/null; then return 1
  elif [ -t 0 ]; then sudo -- "$@"
  else sudo -n -- "$@" 2>/dev/null
  fi
}

# start_nothing BEGIN|END: between them, an installed server does not start (Debian's policy-rc.d).
start_nothing() {
  local policy=/usr/sbin/policy-rc.d
  if [ "$1" = BEGIN ]; then
    [ -e "$policy" ] || printf '#!/bin/sh\n# portvakt\nexit 101\n' | as_root tee "$policy" >/dev/null
    if grep -q '^# portvakt$' "$policy"; then as_root chmod 755 "$policy"; fi
  elif grep -q '^# portvakt$' "$policy" 2>/dev/null; then
    as_root rm "$policy"
  fi
}

# install_packages PACKAGE…: from the machine's own archive, or prints the one command that would.
install_packages() {
  local outcome=0
  start_nothing BEGIN || true
  get_packages "$@" || outcome=$?
  start_nothing END || true
  [ "$outcome" -eq 0 ] || exit "$outcome"
}

get_packages() (
  say "Installing with apt-get: $*"
  local quiet=(-qq -o Dpkg::Use-Pty=0 -o APT::Color=0)
  if command -v apt-get >/dev/null &&
    as_root apt-get "${quiet[@]}" update >&2 &&
    as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get "${quiet[@]}" install -y --no-install-recommends "$@" >&2; then
    return 0
  fi
  say ""
  say "Some Debian packages are missing and could not be installed from here. Run this once:"
  stop "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $*"
)

# set_up_builders: what python-ldap and gssapi are compiled with; they come as source only.
set_up_builders() {
  local missing=() version
  command -v gcc >/dev/null || missing+=(gcc libc6-dev)
  [ -e /usr/include/ldap.h ] || missing+=(libldap2-dev)
  [ -e /usr/include/sasl/sasl.h ] || missing+=(libsasl2-dev)
  compgen -G '/usr/include/gssapi*' >/dev/null || missing+=(libkrb5-dev)
  if ! .venv/bin/python -c 'import os, sysconfig as s, sys
sys.exit(not os.path.exists(os.path.join(s.get_path("include"), "Python.h")))'; then
    version=$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    missing+=("python$version-dev")
  fi
  [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

# find_python: prints a Python of version 3.11 or later, the plain python3 where that is one.
find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3 python3.11 python3.12 python3.13 python3.14; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return 0
    fi
  done
  return 1
}

# venv_works: whether .venv was made here and holds a Python that starts, is recent enough and has pip.
venv_works() {
  [ "$(cat .venv/made-at 2>/dev/null || pwd)" = "$PWD" ] && # its scripts name the folder it was made in
    .venv/bin/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

make_venv() {
  local python version
  python=$(find_python) || stop "Portvakt needs Python 3.11 or later (or name one: PYTHON=…)."
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    install_packages "python$version-venv"
  fi
  say "Making .venv with $python"
  rm -rf .venv # half made, or made by a Python that is gone
  "$python" -m venv .venv || { rm -rf .venv; stop "python3 -m venv failed, see above."; }
  pwd >.venv/made-at
}

# stamp_of NAME: what must be unchanged for the installed requirements NAME to be right.
stamp_of() {
  {
    cat "requirements/$1.txt" pyproject.toml
    pwd # the project itself is installed as a pointer to this folder
  } | sha256sum | cut -d' ' -f1
}

# set_up_python NAME: .venv with requirements/NAME.txt and the project itself in it.
set_up_python() {
  local name=$1 lock
  exec {lock}<requirements/runtime.txt
  flock "$lock" # ./demo and ./test may be started at the same time
  venv_works || make_venv
  if [ "$(cat ".venv/installed-$name" 2>/dev/null)" != "$(stamp_of "$name")" ] ||
    [ ! -x .venv/bin/portvakt ]; then
    if [ "$name" = dev ]; then set_up_builders; fi
    say "Installing requirements/$name.txt into .venv"
    local pip=(.venv/bin/python -m pip install --quiet --no-input --disable-pip-version-check)
    "${pip[@]}" --require-hashes --requirement "requirements/$name.txt" >&2 ||
      stop "The Python packages could not be installed, see above. Run the command again."
    "${pip[@]}" --no-build-isolation --no-deps --editable . >&2 ||
      stop "Portvakt itself could not be installed into .venv, see above."
    case $name in # what each holds besides itself
      dev) stamp_of runtime >.venv/installed-runtime; stamp_of guide >.venv/installed-guide ;;
      guide) stamp_of runtime >.venv/installed-runtime ;;
    esac
    stamp_of "$name" >".venv/installed-$name"
  fi
  exec {lock}<&-
}

# missing_for_guides: prints the packages that making guides needs, where this machine lacks them.
missing_for_guides() {
  local library
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null ||
    command -v google-chrome >/dev/null || chromium_package
  command -v ffmpeg >/dev/null || echo ffmpeg
  command -v espeak-ng >/dev/null || echo espeak-ng
  for library in libpango-1.0 libpangoft2-1.0 libharfbuzz-subset; do # what WeasyPrint sets pages with
    compgen -G "/usr/lib/*/$library.so.0" >/dev/null ||
      case $library in libharfbuzz-subset) echo libharfbuzz-subset0 ;; *) echo "$library-0" ;; esac
  done
  # Chromium draws boxes instead of letters on a machine without any font.
  [ -n "$(fc-list ':lang=sv' 2>/dev/null)" ] || echo fontconfig fonts-noto-core
}

# set_up_guides: what making guides needs beside the Python packages.
set_up_guides() {
  local missing
  read -r -d '' -a missing < <(missing_for_guides) || true
  [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

# set_up_servers: what the tests start, where this machine lacks it.
set_up_servers() {
  local missing=()
  read -r -d '' -a missing < <(missing_for_guides) || true
  command -v pdfinfo >/dev/null || missing+=(poppler-utils) # says how a PDF is tagged
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null ||
    missing+=(postgresql)
  command -v firefox-esr >/dev/null || command -v firefox >/dev/null ||
    missing+=("$(firefox_package)")
  command -v oathtool >/dev/null || missing+=(oathtool)
  # To build the authenticator app again and compare, and for a message centre of text messages.
  command -v npm >/dev/null || missing+=(nodejs npm)
  PATH=$PATH:/usr/sbin:/sbin command -v bearerbox >/dev/null || missing+=(kannel) # another operator of them
  PATH=$PATH:/usr/sbin:/sbin command -v ip >/dev/null || missing+=(iproute2)
  PATH=$PATH:/usr/sbin:/sbin command -v slapd >/dev/null || missing+=(slapd)
  PATH=$PATH:/usr/sbin:/sbin command -v nginx >/dev/null || missing+=(nginx-light)
  [ -e /usr/lib/apache2/modules/mod_auth_openidc.so ] || missing+=(apache2-bin libapache2-mod-auth-openidc)
  # With mod_lua, Apache asks before every request (forward-auth); Caddy can by itself.
  [ -e /usr/share/lua/5.3/socket.lua ] && [ -e /usr/share/lua/5.3/ssl.lua ] || missing+=(lua-socket lua-sec)
  command -v caddy >/dev/null || missing+=(caddy)
  command -v systemd-analyze >/dev/null || missing+=(systemd) # reads the example units; nothing is started
  command -v ldapwhoami >/dev/null || missing+=(ldap-utils)
  command -v kinit >/dev/null || missing+=(krb5-user)
  command -v faketime >/dev/null || missing+=(faketime) # tickets that have ended
  command -v smbclient >/dev/null || missing+=(smbclient)
  # An Active Directory domain controller, what makes a domain for it, and its file server's parts.
  if ! PATH=$PATH:/usr/sbin:/sbin command -v samba >/dev/null || ! command -v samba-tool >/dev/null ||
    [ ! -d /usr/share/samba/setup ] || ! PATH=$PATH:/usr/sbin:/sbin command -v winbindd >/dev/null; then
    missing+=(samba samba-ad-dc samba-ad-provision samba-dsdb-modules samba-vfs-modules winbind)
  fi
  [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

# firefox_package: Debian has the one of long support, Ubuntu calls its own firefox.
firefox_package() {
  . /etc/os-release
  if [ "${ID:-}" = ubuntu ]; then echo firefox; else echo firefox-esr; fi
}

# chromium_package: Debian calls it chromium, Ubuntu chromium-browser.
chromium_package() {
  . /etc/os-release
  if [ "${ID:-}" = ubuntu ]; then echo chromium-browser; else echo chromium; fi
}

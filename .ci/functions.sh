# What the steps of CI share. Sourced by run, which sets `work` (a temporary folder) and `python`.

step() { printf '\n== %s\n' "$*"; }

fail() {
  printf 'CI: %s\n' "$*" >&2
  exit 1
}

# The line of the README below a marker comment: what is printed there is what runs here.
readme() { sed -n "/<!-- $1 -->/,/^\`\`\`$/p" README.md | sed -n '/^```/,/^```$/p' | sed '/^```/d'; }

# Refuse a machine that cannot run the rest, with what to do about it, and get uv: it resolves to lowest versions.
check_machine() {
  command -v "$python" >/dev/null ||
    fail "there is no $python; install Python 3.11 or later, or name one: PYTHON=python3.12 .ci/run"
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$python" --version) is too old; Python 3.11 or later. Name one: PYTHON=python3.12 .ci/run"
  "$python" -m venv "$work/tools" >/dev/null 2>&1 ||
    fail "$python makes no virtual environment; on Debian and Ubuntu: sudo apt install python3-venv"
  "$work/tools/bin/python" -m pip install --retries 1 --timeout 30 uv >"$work/index.txt" 2>&1 || {
    tail -n 3 "$work/index.txt" >&2
    fail "pip cannot install uv: is a package index reached? Name yours by PIP_INDEX_URL, or a proxy by HTTPS_PROXY"
  }
  uv="$work/tools/bin/uv"
  # uv does not read pip's configuration.
  index=${PIP_INDEX_URL:-$("$work/tools/bin/python" -m pip config get global.index-url 2>/dev/null || true)}
  if [ -n "$index" ]; then export UV_DEFAULT_INDEX=$index; fi
}

# Copy what git tracks or would track: a command that makes .venv or drift.json leaves the tree as it was.
copy_tree() {
  mkdir -p "$1"
  git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
    if [ -e "$file" ]; then printf '%s\0' "$file"; fi
  done | tar --null -T - -cf - | tar -xf - -C "$1"
}

# Make the environment $1 with the packages that follow, and print the versions that were installed.
environment() {
  local name=$1
  shift
  [ -d "$work/$name" ] || "$uv" venv -q --seed --python "$python" "$work/$name"
  "$uv" pip install -q --python "$work/$name/bin/python" "$@"
  versions "$work/$name/bin/python"
}

# Pin each dependency of ours, with the extras that are named, to the lowest version that pyproject.toml allows.
lowest() {
  "$uv" pip compile -q --no-header --no-annotate --resolution lowest-direct --python "$python" \
    "${@/#/--extra=}" pyproject.toml
}

# Print the versions of all packages of an environment.
versions() {
  "$1" --version
  "$uv" pip freeze -q --python "$1" | sed -E 's/ @ .*//; s/^-e .*/pytest-llmregress (this tree)/' | paste -sd ' ' - | fold -s -w 120
  printf '\n'
}

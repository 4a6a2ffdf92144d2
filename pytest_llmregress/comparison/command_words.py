"""Programs by whose names a line of a shell is known."""

_NO_ENGLISH = """
apt apt-get awk aws az bash brew bun bzip2 cargo cd chgrp chmod chown cp crontab curl dd df diff
dig dnf docker docker-compose du env export gcc gcloud gh git grep gunzip gzip helm htop ifconfig
iptables java javac journalctl jq kubectl ln ls lsof mkdir mkfs mongosh mv mvn mysql nc
netstat nginx nmap npm npx nslookup openssl perl pg_dump php pip pip3 pnpm podman poetry
powershell printf ps psql pwd pytest python python3 redis-cli rg rm rmdir rsync ruby scp sed sh
sqlite3 ssh sudo systemctl tar terraform tox traceroute uname unzip useradd userdel uv vim wc wget
xargs yarn yum zip zsh
"""
_ENGLISH = """
cat cut date deploy echo find go head host kill less make man more mount node ping reboot rake run
service shutdown sleep sort source split tail tee test time top touch watch which who
"""
ALSO_ENGLISH = frozenset(_ENGLISH.split())
"""Those that are English words as well: a path, a file or a host has to follow them."""
COMMANDS = frozenset(_NO_ENGLISH.split()) | ALSO_ENGLISH

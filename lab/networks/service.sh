# Starts systemd in namespaces of its own, as a machine would, with the unit, the user and the command installed as docs/service.md
# says. Nothing of the machine around it changes: what is written goes to memory.
#   service.sh REPOSITORY NODE PORT_443
set -eu
repository=$1 node=$2 port443=$3
mount --make-rprivate /
mount -t tmpfs none /mnt
for name in etc var usr/local; do
  mkdir -p "/mnt/$name/new" "/mnt/$name/work"
  mount -t overlay overlay -o "lowerdir=/$name,upperdir=/mnt/$name/new,workdir=/mnt/$name/work" "/$name"
done
mkdir -p /usr/local/lib/seekyou /usr/local/bin
mount --bind "$repository" /usr/local/lib/seekyou
cp "$node" /usr/local/bin/node
ln -sf /usr/local/lib/seekyou/packages/cli/bin/seekyou.js /usr/local/bin/seekyou
printf '#!/usr/local/bin/node\nfetch("http://127.0.0.1:5180/healthz").then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1));\n' >/usr/local/bin/seekyou-healthy
chmod 755 /usr/local/bin/node /usr/local/bin/seekyou-healthy

cd "$repository/deploy/systemd"
mount -t tmpfs none /run
systemd-sysusers "$PWD/seekyou.sysusers.conf"
install -m 644 seekyou.service /etc/systemd/system/
mkdir -p /etc/systemd/system/seekyou.service.d
[ "$port443" = no ] || install -m 644 seekyou.service.d/port-443.conf /etc/systemd/system/seekyou.service.d/
# Of the machine's own services none is started, and there is no journal.
printf '[Unit]\nDefaultDependencies=no\n[Service]\nStandardOutput=append:/run/seekyou.out\nStandardError=append:/run/seekyou.out\n' \
  >/etc/systemd/system/seekyou.service.d/alone.conf
ln -sf /dev/null /etc/systemd/system/network-online.target
printf '[Unit]\nDefaultDependencies=no\nWants=seekyou.service\n' >/etc/systemd/system/lab.target

mountpoint --quiet /sys/fs/cgroup && umount --recursive /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup
exec env container=lab /lib/systemd/systemd --system --unit=lab.target --log-target=console --show-status=0

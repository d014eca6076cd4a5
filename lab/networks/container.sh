# What a container engine does with the image of deploy/container/Containerfile: a file system with a system, Node and what was copied,
# all of it to be read alone but for /data, and a program in it as an ordinary user.
#   container.sh COPIED NODE UID COMMAND…
set -eu
copied=$1 node=$2 uid=$3
shift 3
mount --make-rprivate /
mount -t tmpfs none /mnt
cd /mnt
mkdir usr proc dev etc tmp data seekyou
mount --bind /usr usr
mount -o remount,bind,ro usr
mount -t tmpfs none usr/local
mkdir usr/local/bin
cp "$node" usr/local/bin/node
for name in bin lib lib64; do
  if [ -L /$name ]; then cp -a /$name .; elif [ -d /$name ]; then mkdir $name && mount --bind /$name $name; fi
done
printf 'root:x:0:0::/:/bin/sh\nnode:x:%s:%s::/tmp:/bin/sh\n' "$uid" "$uid" >etc/passwd
mount -t proc none proc
for name in null zero random urandom; do touch dev/$name && mount --bind /dev/$name dev/$name; done
mount --bind "$copied" seekyou
mount -o remount,bind,ro seekyou
mount -t tmpfs -o "mode=1777" none tmp
mount -t tmpfs -o "mode=0700,uid=$uid,gid=$uid" none data
mount -o remount,ro .
exec chroot . env --ignore-environment PATH=/usr/local/bin:/usr/bin:/bin setpriv --reuid "$uid" --regid "$uid" --clear-groups --bounding-set=-all \
  sh -c 'cd /seekyou && exec "$@"' sh "$@"

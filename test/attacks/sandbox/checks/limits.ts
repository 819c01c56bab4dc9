import type { Check } from "../check.ts";

const tooMuch = "$((MAX_MEMORY_MB * 3))";
const slow = { timeoutMs: 30_000 };

/**
 * What one command may use. Bounded by themselves: 400 processes, three times the memory. The script says `ESCAPED` where
 * it could take more than the limit.
 */
export const limitChecks: Check[] = [
  {
    name: "processes",
    needsLimits: true,
    ...slow,
    script: `perl -e 'my @c; for (1 .. 400) { my $p = fork; last unless defined $p; if (!$p) { sleep 20; exit } push @c, $p } print scalar(@c) > $ENV{MAX_PROCESSES} ? "ESCAPED " : "held at ", scalar @c; kill 9, @c'`,
  },
  {
    name: "threads",
    needsLimits: true,
    ...slow,
    script: `python3 -c "
import threading, time, os
threading.stack_size(65536)
made = 0
try:
    for made in range(400):
        threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
except RuntimeError: pass
print('ESCAPED' if made > int(os.environ['MAX_PROCESSES']) else 'held', made, flush=True)
os._exit(0)"`,
  },
  {
    name: "processes that leave their parents",
    needsLimits: true,
    ...slow,
    script: `perl -e 'for (1 .. 400) { my $p = fork; last unless defined $p; if (!$p) { my $q = fork; exit if !defined $q || $q; sleep 10; exit } waitpid $p, 0 } opendir D, "/proc"; my $n = grep /^\\d+$/, readdir D; print $n > $ENV{MAX_PROCESSES} + 5 ? "ESCAPED $n" : "held at $n"'`,
  },
  {
    name: "memory of one process",
    needsLimits: true,
    ...slow,
    script: `perl -e '$x = "x" x (${tooMuch} << 20); print "ESCAPED ", length $x'`.replaceAll(
      tooMuch,
      "$ENV{MAX_MEMORY_MB} * 3",
    ),
  },
  {
    name: "memory of many processes",
    needsGroup: true,
    ...slow,
    script: `for i in 1 2 3 4 5 6; do perl -e '$x = "x" x (($ENV{MAX_MEMORY_MB} << 20) / 2); sleep 2; print "one more\\n"' & done > all 2>&1; wait; [ $(grep -c more all) -ge 6 ] && echo ESCAPED; rm -f all`,
  },
  {
    name: "memory mapped and shared",
    needsGroup: true,
    ...slow,
    script: `python3 -c "
import mmap, os
size = int(os.environ['MAX_MEMORY_MB']) * 3 << 20
m = mmap.mmap(-1, size)
for at in range(0, size, 4096): m[at] = 1
print('ESCAPED')"`,
  },
  {
    name: "memory in files without a name",
    needsGroup: true,
    ...slow,
    script: `python3 -c "
import os
fd = os.memfd_create('x'); block = b'x' * (1 << 20)
for _ in range(int(os.environ['MAX_MEMORY_MB']) * 3): os.write(fd, block)
print('ESCAPED')"`,
  },
  {
    name: "memory in pipes",
    needsLimits: true,
    ...slow,
    script: `python3 -c "
import os, fcntl
held = 0
try:
    while held < int(os.environ['MAX_MEMORY_MB']) << 21:
        r, w = os.pipe(); os.set_blocking(w, False)
        try: fcntl.fcntl(w, 1031, 1 << 20)
        except OSError: pass
        try:
            while True: held += os.write(w, b'x' * 65536)
        except BlockingIOError: pass
except OSError: pass
print('ESCAPED' if held >= int(os.environ['MAX_MEMORY_MB']) << 21 else 'held', held)"`,
  },
  {
    name: "its own /tmp",
    ...slow,
    script: `head -c $((MAX_TEMPORARY_MB * 2 << 20)) /dev/zero > /tmp/fill; [ $(stat -c %s /tmp/fill) -gt $((MAX_TEMPORARY_MB << 20)) ] && echo ESCAPED; rm -f /tmp/fill`,
  },
  {
    name: "its own /tmp, in many files",
    ...slow,
    script: `for i in $(seq 1 $((MAX_TEMPORARY_MB * 2))); do head -c 1048576 /dev/zero > /tmp/fill-$i || break; done; [ $(cat /tmp/fill-* | wc -c) -gt $((MAX_TEMPORARY_MB << 20)) ] && echo ESCAPED`,
  },
  {
    name: "its own shared memory",
    ...slow,
    script: `head -c $((160 << 20)) /dev/zero > /dev/shm/fill; [ $(stat -c %s /dev/shm/fill) -gt $((100 << 20)) ] && echo ESCAPED`,
  },
  {
    name: "names in its own /tmp",
    promised: "strict",
    ...slow,
    script: `python3 -c "
import os
made = 0
try:
    for made in range(1, 2000000): os.close(os.open('/tmp/%d' % made, os.O_CREAT))
except OSError: pass
print('ESCAPED' if made > 1500000 else 'held', made)"`,
  },
  ...["/dev", "/run", "/var", "/", "/work/..", "/etc", "/old", "/empty", "/files", "/proc"].map((place) => ({
    name: `memory as files in ${place}`,
    script: `head -c 4096 /dev/zero > ${place}/zcbot-attack-planted && echo ESCAPED`,
  })),
  {
    name: "the size of one file",
    ...slow,
    script: `head -c $((MAX_FILE_MB + 8 << 20)) /dev/zero > large; [ $(stat -c %s large) -gt $((MAX_FILE_MB << 20)) ] && echo ESCAPED; rm -f large`,
  },
  {
    name: "the size of one file, with holes",
    script: `truncate -s 1T large; [ $(stat -c %s large) -gt $((MAX_FILE_MB << 20)) ] && echo ESCAPED; rm -f large; fallocate -l 1T large; [ $(stat -c %s large 2> /dev/null || echo 0) -gt $((MAX_FILE_MB << 20)) ] && echo ESCAPED; rm -f large`,
  },
  {
    name: "open files",
    ...slow,
    script: `python3 -c "
import os
made = 0
try:
    for made in range(20000): os.dup(1)
except OSError: pass
print('ESCAPED' if made > 5000 else 'held', made)"`,
  },
  { name: "a core file", script: "(ulimit -c unlimited; sh -c 'kill -SEGV $$'); ls core* && echo ESCAPED" },
  {
    name: "output without an end",
    timeoutMs: 2_000,
    script: "yes 水泥水泥水泥水泥水泥水泥水泥水泥水泥水泥水泥水泥水泥水泥水泥水泥 | head -c 200000000",
  },
  { name: "output in one line", ...slow, script: "head -c 50000000 /dev/zero | tr '\\0' x" },
  { name: "output of bytes that are no text", script: "head -c 1000000 /dev/urandom" },
  { name: "locks of files it may only read", script: "timeout 1 flock -n /usr/bin/env true; echo tried" },
];

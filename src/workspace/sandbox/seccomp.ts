/**
 * The filter of system calls (a classic BPF program) that sandboxed commands run under: what only serves to get out, to
 * look into other processes, or to reach parts of the kernel that office work never needs. Threads, compilers, Python, Node
 * and git work under it; debuggers do not.
 */

interface Architecture {
  /** What the kernel calls it (AUDIT_ARCH_*). */
  audit: number;
  clone: number;
  clone3: number;
  ioctl: number;
  socket: number;
  /** Calls that give a file its mode, and which of their arguments that is. */
  modes: Record<string, [number: number, argument: number]>;
  /** Calls that may make a file, and where flags and mode stand. */
  opens: Record<string, [number: number, flags: number, mode: number]>;
  openat2: number;
  denied: Record<string, number>;
}

// Numbers of the kernel's own tables; those above 424 are the same everywhere.
const architectures: Partial<Record<NodeJS.Architecture, Architecture>> = {
  x64: {
    audit: 0xc000003e,
    clone: 56,
    clone3: 435,
    ioctl: 16,
    socket: 41,
    modes: {
      chmod: [90, 1],
      fchmod: [91, 1],
      fchmodat: [268, 2],
      fchmodat2: [452, 2],
      mknod: [133, 1],
      mknodat: [259, 2],
      creat: [85, 1],
    },
    opens: { open: [2, 1, 2], openat: [257, 2, 3] },
    openat2: 437,
    denied: {
      ptrace: 101,
      mount: 165,
      umount2: 166,
      pivot_root: 155,
      chroot: 161,
      open_tree: 428,
      move_mount: 429,
      fsopen: 430,
      fsconfig: 431,
      fsmount: 432,
      fspick: 433,
      mount_setattr: 442,
      unshare: 272,
      setns: 308,
      keyctl: 250,
      add_key: 248,
      request_key: 249,
      bpf: 321,
      perf_event_open: 298,
      io_uring_setup: 425,
      io_uring_enter: 426,
      io_uring_register: 427,
      userfaultfd: 323,
      process_vm_readv: 310,
      process_vm_writev: 311,
      open_by_handle_at: 304,
      name_to_handle_at: 303,
      kexec_load: 246,
      kexec_file_load: 320,
      init_module: 175,
      finit_module: 313,
      delete_module: 176,
      swapon: 167,
      swapoff: 168,
      reboot: 169,
      syslog: 103,
      acct: 163,
      quotactl: 179,
      quotactl_fd: 443,
      settimeofday: 164,
      clock_settime: 227,
      clock_adjtime: 305,
      adjtimex: 159,
      lookup_dcookie: 212,
      nfsservctl: 180,
      vhangup: 153,
      move_pages: 279,
      migrate_pages: 256,
      kcmp: 312,
      pidfd_getfd: 438,
      fanotify_init: 300,
      memfd_secret: 447,
      sethostname: 170,
      setdomainname: 171,
      process_madvise: 440,
      iopl: 172,
      ioperm: 173,
      modify_ldt: 154,
      uselib: 134,
      _sysctl: 156,
      sysfs: 139,
      ustat: 136,
      create_module: 174,
      get_kernel_syms: 177,
      query_module: 178,
    },
  },
  arm64: {
    audit: 0xc00000b7,
    clone: 220,
    clone3: 435,
    ioctl: 29,
    socket: 198,
    modes: { fchmod: [52, 1], fchmodat: [53, 2], fchmodat2: [452, 2], mknodat: [33, 2] },
    opens: { openat: [56, 2, 3] },
    openat2: 437,
    denied: {
      ptrace: 117,
      mount: 40,
      umount2: 39,
      pivot_root: 41,
      chroot: 51,
      open_tree: 428,
      move_mount: 429,
      fsopen: 430,
      fsconfig: 431,
      fsmount: 432,
      fspick: 433,
      mount_setattr: 442,
      unshare: 97,
      setns: 268,
      keyctl: 219,
      add_key: 217,
      request_key: 218,
      bpf: 280,
      perf_event_open: 241,
      io_uring_setup: 425,
      io_uring_enter: 426,
      io_uring_register: 427,
      userfaultfd: 282,
      process_vm_readv: 270,
      process_vm_writev: 271,
      open_by_handle_at: 265,
      name_to_handle_at: 264,
      kexec_load: 104,
      kexec_file_load: 294,
      init_module: 105,
      finit_module: 273,
      delete_module: 106,
      swapon: 224,
      swapoff: 225,
      reboot: 142,
      syslog: 116,
      acct: 89,
      quotactl: 60,
      quotactl_fd: 443,
      settimeofday: 170,
      clock_settime: 112,
      clock_adjtime: 266,
      adjtimex: 171,
      lookup_dcookie: 18,
      nfsservctl: 42,
      vhangup: 58,
      move_pages: 239,
      migrate_pages: 238,
      kcmp: 272,
      pidfd_getfd: 438,
      fanotify_init: 262,
      memfd_secret: 447,
      sethostname: 161,
      setdomainname: 162,
      process_madvise: 440,
    },
  },
};

/** Calls with the bit of x32, a second numbering of the same calls on x86-64. */
const x32Bit = 0x40000000;
/** CLONE_NEW*: a new namespace of any kind. */
const newNamespace = 0x7e020000;
/** Put characters into the input of a terminal that may be somebody else's (TIOCSTI, TIOCLINUX). */
const terminalInjections = [0x5412, 0x541c];
/**
 * S_ISUID and S_ISGID: a program left in the task's directory would give whoever starts it, outside, the rights of the
 * server's user.
 */
const setsIdentity = 0o6000;
/** O_CREAT, and what tells O_TMPFILE; the same on both processors. Without them there is no mode. */
const makesFile = 0x400040;
const families = { unix: 1, inet: 2, inet6: 10, netlink: 16 };

const errno = { EPERM: 1, ENOSYS: 38, EAFNOSUPPORT: 97 };

const allow = 0x7fff0000;
const killProcess = 0x80000000;
const refuse = (code: number) => 0x00050000 | code;

// Instructions of classic BPF, and where the kernel puts what they look at.
const load = 0x20;
const jumpIfEqual = 0x15;
const jumpIfSet = 0x45;
const answer = 0x06;
const at = { number: 0, architecture: 4, argument: (index: number) => 16 + 8 * index };

type Instruction = [code: number, ifTrue: number, ifFalse: number, value: number];

/** The program for a processor, as the kernel takes it; undefined where its numbers are not known here. */
export function seccompFilter(processor: NodeJS.Architecture = process.arch): Buffer | undefined {
  const architecture = architectures[processor];
  if (!architecture) return undefined;
  const { audit, clone, clone3, ioctl, socket, modes, opens, openat2, denied } = architecture;
  const program: Instruction[] = [
    [load, 0, 0, at.architecture],
    [jumpIfEqual, 1, 0, audit],
    [answer, 0, 0, killProcess],
    [load, 0, 0, at.number],
    ...(processor === "x64" ? answerIf(jumpIfSet, x32Bit, errno.ENOSYS) : []),
    ...Object.values(denied).flatMap((number) => answerIf(jumpIfEqual, number, errno.EPERM)),
    // What they ask for lies in memory, which a filter cannot read; programs fall back on `clone` and `openat`.
    ...answerIf(jumpIfEqual, clone3, errno.ENOSYS),
    ...answerIf(jumpIfEqual, openat2, errno.ENOSYS),
    ...Object.values(modes).flatMap(([number, mode]) => onCall(number, refuseIdentity(mode))),
    ...Object.values(opens).flatMap(([number, flags, mode]) =>
      onCall(number, [
        [load, 0, 0, at.argument(flags)],
        [jumpIfSet, 0, 3, makesFile],
        ...refuseIdentity(mode),
      ]),
    ),
    ...onCall(clone, [[load, 0, 0, at.argument(0)], ...answerIf(jumpIfSet, newNamespace, errno.EPERM)]),
    ...onCall(ioctl, [
      [load, 0, 0, at.argument(1)],
      ...terminalInjections.flatMap((request) => answerIf(jumpIfEqual, request, errno.EPERM)),
    ]),
    ...onCall(socket, onlyKnownFamilies()),
    [answer, 0, 0, allow],
  ];
  return encode(program);
}

function refuseIdentity(mode: number): Instruction[] {
  return [[load, 0, 0, at.argument(mode)], ...answerIf(jumpIfSet, setsIdentity, errno.EPERM)];
}

function answerIf(test: number, value: number, code: number): Instruction[] {
  return [
    [test, 0, 1, value],
    [answer, 0, 0, refuse(code)],
  ];
}

/** What is done on one call; the body may use the accumulator, as nothing after it on this call needs the number. */
function onCall(number: number, body: Instruction[]): Instruction[] {
  return [[jumpIfEqual, 0, body.length + 1, number], ...body, [answer, 0, 0, allow]];
}

/** Netlink only about the routes of its own network (protocol 0), which name resolution looks at. */
function onlyKnownFamilies(): Instruction[] {
  const allowed = [families.unix, families.inet, families.inet6].flatMap((family): Instruction[] => [
    [jumpIfEqual, 0, 1, family],
    [answer, 0, 0, allow],
  ]);
  return [
    [load, 0, 0, at.argument(0)],
    ...allowed,
    [jumpIfEqual, 0, 2, families.netlink],
    [load, 0, 0, at.argument(2)],
    [jumpIfEqual, 1, 0, 0],
    [answer, 0, 0, refuse(errno.EAFNOSUPPORT)],
  ];
}

function encode(program: Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, [code, ifTrue, ifFalse, value]] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(value >>> 0, index * 8 + 4);
  }
  return bytes;
}

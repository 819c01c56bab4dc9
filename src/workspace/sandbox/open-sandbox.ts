import { writeFileSync } from "node:fs";
import { access, constants, lstat, mkdtemp, readdir, rm } from "node:fs/promises";
import { setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { bridgeProgram, bridgeScript } from "../network/bridge.ts";
import {
  type EgressEntry,
  type EgressProxy,
  type EgressProxyOptions,
  startEgressProxy,
} from "../network/egress-proxy.ts";
import { isAlive } from "../processes/kill-tree.ts";
import { bubblewrap } from "./bubblewrap.ts";
import { type Cgroups, openCgroups } from "./cgroups.ts";
import { initScript } from "./init.ts";
import { namespaces } from "./namespaces.ts";
import { closeInherited } from "./plain.ts";
import { inside, makeDevices } from "./root.ts";
import { type Build, type CommandLimits, commandPath, type Program, type Sandbox } from "./sandbox.ts";
import { seatbelt } from "./seatbelt.ts";
import { seccompFilter } from "./seccomp.ts";
import { testSandbox } from "./self-test.ts";
import { listProcMounts, pathOfProgram, prepareView, type ViewOptions } from "./view.ts";

export interface SandboxOptions extends ViewOptions {
  limits: CommandLimits;
  /** Whether commands of many people run: then limits that bind are a must, for root too. */
  shared: boolean;
  /** Where commands may go that have a network; undefined: nowhere. `log` is told whose directory the command worked in. */
  network?: Omit<EgressProxyOptions, "socketPath" | "log"> & { log(entry: EgressEntry, cwd: string): void };
  /** Path of bubblewrap; undefined: where programs are, null: there is none. */
  bubblewrap?: string | null;
}

/** One way to isolate, before it has been tried out. */
interface Candidate {
  level: "strict" | "reduced";
  lacks: string[];
  build: Build;
}

/**
 * The strongest sandbox that works here, tried out; with `wanted`, one of that level. `problems`: why there is none, as
 * sentences for the operator.
 */
export async function openSandbox(
  wanted: "auto" | "strict" | "reduced",
  options: SandboxOptions,
): Promise<Sandbox | { problems: string[] }> {
  if (process.platform === "darwin") return openSeatbelt(wanted, options);
  if (process.platform !== "linux") return { problems: ["There is a sandbox on Linux only."] };
  if (options.network && !(await findProgram(bridgeProgram))) {
    const advice = `apt-get install ${bridgeProgram}`;
    return { problems: [`Without ${bridgeProgram} commands cannot have a network (${advice}).`] };
  }
  const cgroups = openCgroups(options.limits);
  const groups = "enter" in cgroups ? cgroups : undefined;
  const folder = await openFolder();
  const close = async () => {
    groups?.close();
    await rm(folder, { recursive: true, force: true });
  };
  const problems: string[] = [];
  const lacks: string[] = [];
  if (process.getuid?.() === 0 && "reason" in cgroups) {
    const unlimited = `Root's commands cannot be limited: ${cgroups.reason}.`;
    if (options.shared) problems.push(`${unlimited} Run zcbot as an ordinary user.`);
    else lacks.push(unlimited);
  }
  const candidates =
    problems.length > 0 ? [] : await listCandidates(folder, options, lacks, groups !== undefined);
  const closing = await closeInherited(3 + maxInputs);
  const wayOut = options.network && openWayOut(folder, options.network);
  for (const candidate of candidates) {
    if (wanted !== "auto" && wanted !== candidate.level) {
      if (wanted === "strict") problems.push(...candidate.lacks);
      continue;
    }
    const sandbox = { ...isolate(candidate, closing, groups, wayOut), close };
    const failures = await testSandbox(sandbox, folder, options.hidden);
    if (failures.length === 0) return sandbox;
    problems.push(...failures.map((failure) => `${candidate.level}: ${failure}`));
  }
  await close();
  return { problems };
}

const folderName = /^zcbot-sandbox-(\d+)-/;

/** A folder for this process's sandbox; those of processes that were killed are removed. */
async function openFolder(): Promise<string> {
  const parent = tmpdir();
  for (const name of await readdir(parent)) {
    const pid = folderName.exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const path = join(parent, name);
    // Everybody can make folders of that name there; only this user's are surely ours.
    const owner = await lstat(path).catch(() => null);
    if (owner?.uid === process.getuid?.()) await rm(path, { recursive: true, force: true });
  }
  return mkdtemp(join(parent, `zcbot-sandbox-${process.pid}-`));
}

/** Descriptors that a launch is given at most, beside the usual three. */
const maxInputs = 2;

async function listCandidates(
  folder: string,
  options: SandboxOptions,
  lacks: string[],
  grouped: boolean,
): Promise<Candidate[]> {
  const { limits } = options;
  const view = await prepareView(folder, options);
  const filter = seccompFilter();
  const parts = { folder, view, limits, filter };
  const candidates: Candidate[] = [];
  const lacking = filter ? lacks : [...lacks, "There is no filter of system calls for this processor."];
  const program = options.bubblewrap === undefined ? await findProgram("bwrap") : options.bubblewrap;
  if (program) {
    const init = initScript(limits, grouped);
    const bridgedInit = initScript(limits, grouped, [bridgeScript(inside.proxy)]);
    const level = lacking.length === 0 ? "strict" : "reduced";
    const devices = (await makeDevices(folder)) ?? [];
    candidates.push({
      level,
      lacks: lacking,
      build: bubblewrap({
        ...parts,
        proc: await listProcMounts(view.root, false),
        program,
        devices,
        init,
        bridgedInit,
      }),
    });
  }
  const perl = await findProgram("perl");
  const unfiltered = filter && !perl ? ["Without perl there is no filter of system calls."] : [];
  const why = program
    ? "ZCBOT_SANDBOX=reduced passes bubblewrap over."
    : 'For the level "strict" install bubblewrap: apt-get install bubblewrap.';
  candidates.push({
    level: "reduced",
    lacks: [why, ...lacking, ...unfiltered],
    build: namespaces({
      ...parts,
      proc: await listProcMounts(view.root, true),
      filter: perl ? filter : undefined,
      init: initScript(limits, grouped),
    }),
  });
  return candidates;
}

/** Beside the server's 0, where no control group gives it its turn: a command that takes all it gets takes less. */
const niceness = 10;
/** Whom the system ends first where memory runs out, from -1000 to 1000. */
const oomScore = 500;

function isolate(
  { level, lacks, build }: Candidate,
  closing: string[],
  cgroups: Cgroups | undefined,
  wayOut: WayOut | undefined,
): Omit<Sandbox, "close"> {
  return {
    level,
    lacks,
    containment: "namespace",
    network: wayOut ? "listed" : "none",
    pathInside: () => inside.work,
    pathOfSkills: (_, source) => (source === "user" ? inside.userSkills : inside.skills),
    pathOfProgram,
    async prepare(command) {
      const proxy = command.network ? await wayOut?.(command) : undefined;
      const launch = build(command, proxy?.socketPath);
      let leave: (() => void) | undefined;
      return {
        ...launch,
        argv: [...closing, ...launch.argv],
        onStarted(pid) {
          leave = cgroups?.enter(pid).leave;
          if (!cgroups?.sharesProcessor) setPriority(pid, niceness);
          writeFileSync(`/proc/${pid}/oom_score_adj`, `${oomScore}`);
        },
        async onEnded() {
          leave?.();
          await launch.onEnded();
          await proxy?.close();
        },
      };
    },
  };
}

/** Opens a proxy for a command; what it holds ends with the command. */
type WayOut = (command: Program) => Promise<EgressProxy>;

function openWayOut(folder: string, network: NonNullable<SandboxOptions["network"]>): WayOut {
  let count = 0;
  return (command) => {
    const socketPath = join(folder, `proxy-${++count}`);
    return startEgressProxy({ ...network, socketPath, log: (entry) => network.log(entry, command.cwd) });
  };
}

async function openSeatbelt(
  wanted: "auto" | "strict" | "reduced",
  options: SandboxOptions,
): Promise<Sandbox | { problems: string[] }> {
  if (wanted === "strict") return { problems: ["There is no strict level on macOS."] };
  const sandbox = await seatbelt(options);
  const folder = await openFolder();
  const failures = await testSandbox(sandbox, folder, options.hidden);
  await rm(folder, { recursive: true, force: true });
  return failures.length === 0 ? sandbox : { problems: failures };
}

async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of commandPath.split(":")) {
    const path = join(folder, name);
    const isProgram = access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (await isProgram) return path;
  }
  return undefined;
}

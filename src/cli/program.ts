import { Command, CommanderError, Option } from "commander";
import packageJson from "../../package.json" with { type: "json" };
import { exitCode, exitCodeOf, explainError } from "./exit-code.ts";

const afterHelp = `
Exit codes: 0 ok, 1 failure, 2 usage or configuration, 3 not signed in, 4 not found,
5 conflict or rate limit, 6 server not reachable, 130 interrupted or cancelled.
`;

/** Runs the command line (without the program's own name) and gives the exit code. Never rejects. */
export async function runProgram(parameters: string[]): Promise<number> {
  let code: number = exitCode.ok;
  const program = createProgram((given) => {
    code = given;
  });
  try {
    await program.parseAsync(parameters, { from: "user" });
    return code;
  } catch (error) {
    // Commander has already said what it has to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
    process.stderr.write(`${explainError(error)}\n`);
    return exitCodeOf(error);
  }
}

/** The commands; each loads its own code only when it is chosen. */
function createProgram(onEnd: (exitCode: number) => void): Command {
  const program = new Command("zcbot")
    .description("A self-hosted, multi-user AI-agent server.")
    .version(packageJson.version)
    .addHelpText("after", afterHelp)
    .showHelpAfterError("(zcbot --help lists what there is)")
    .configureOutput({ outputError: (message, write) => write(message) })
    .exitOverride();
  const dataFolder = new Option(
    "--data <folder>",
    "data folder (default: ZCBOT_DATA, else ./.zcbot or ~/.zcbot)",
  );

  program
    .command("serve")
    .description("start the server; prints the address to open on stdout, logs to stderr")
    .option("--host <address>", "address to listen on (default: 127.0.0.1)")
    .option("--port <number>", "port to listen on, 0 for a free one (default: 8787)")
    .addOption(dataFolder)
    .option("--role <role>", "all, api or worker (default: all)")
    .action(async (options: { host?: string; port?: string; data?: string; role?: string }) => {
      const { serve } = await import("./commands/serve.ts");
      onEnd(await serve(options));
    });

  program
    .command("run")
    .description("give the agent a message and show what it does; the answer goes to stdout")
    .argument("<message>", "what to do; - reads it from standard input")
    .option("--dir <name>", "directory of the workspace to work in (default: named after the message)")
    .option("--task <id>", "go on with this task instead of a new one")
    .option("--skill <name>", "skill of the new task")
    .option("--model <profile>", "model profile of the new task; with --task, of this message alone")
    .option(
      "--attach <file>",
      "file of the task's directory to go with the message; may be repeated",
      collect,
      [],
    )
    .option("--json", "print every event as a line of JSON, the ids of task and run first")
    .addOption(dataFolder)
    .addHelpText("after", runHelp)
    .action(async (message: string, options) => {
      const { run } = await import("./commands/run.ts");
      onEnd(await run(message, options));
    });

  const lookedAt = {
    usage: "show what the model calls of the last 30 days took",
    skills: "list the skills that tasks can use",
    memory: "list what is remembered from task to task",
  } as const;
  for (const at of ["usage", "skills", "memory"] as const) {
    const command = program
      .command(at)
      .description(lookedAt[at])
      .option("--json", "print the server's answer as one JSON object")
      .addOption(dataFolder)
      .action(async (options) => {
        const { look } = await import("./commands/look.ts");
        onEnd(await look(at, options));
      });
    if (at === "usage")
      command.addOption(
        new Option("--by <what>", "what to add up by").choices(["day", "task", "model"]).default("day"),
      );
  }

  program
    .command("migrate")
    .description("bring the database up to this version and exit; serve does so by itself")
    .addOption(dataFolder)
    .action(async (options: { data?: string }) => {
      const { migrate } = await import("./commands/migrate.ts");
      onEnd(await migrate(options));
    });

  program
    .command("doctor")
    .description(
      "check this machine and its configuration, and what a crash would do; starts nothing of yours",
    )
    .option("--models", "also ask each configured model for a word, which its provider may charge")
    .option("--no-crash-test", "only look: do not try what a crash does, on scratch data")
    .option("--json", "print one JSON object instead of lines")
    .addOption(dataFolder)
    .action(async (options) => {
      const { doctor } = await import("./commands/doctor.ts");
      onEnd(await doctor(options));
    });
  return program;
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

const runHelp = `
Uses the server that runs on the data folder, or starts one for the occasion. For a server elsewhere set
ZCBOT_URL and ZCBOT_TOKEN. Ctrl-C cancels the run; pressed again it leaves at once. What the agent asks is
asked here where there is a terminal; else it can be answered on the task's page.
`;
